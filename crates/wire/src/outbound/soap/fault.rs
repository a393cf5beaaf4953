//! Faults of SOAP 1.1 and 1.2.

use super::super::xml::{Document, NodeId};

/// What a fault says: the string or text of its reason, else its code; none when there is no fault.
pub(in super::super) fn fault(document: &Document) -> Option<String> {
    let below =
        |node: NodeId, name: &str| document.elements(node).find(|node| document.local_name(*node) == name);
    let envelope = below(Document::ROOT, "Envelope")?;
    let fault = below(below(envelope, "Body")?, "Fault")?;
    let text = |node: Option<NodeId>| {
        let text = document.text_of(node?);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    };
    let reason_1_2 = below(fault, "Reason");
    let code_1_2 = below(fault, "Code").and_then(|code| below(code, "Value"));
    let told = text(below(fault, "faultstring"))
        .or_else(|| text(reason_1_2.and_then(|reason| below(reason, "Text"))))
        .or_else(|| text(below(fault, "faultcode")))
        .or_else(|| text(code_1_2));
    Some(told.unwrap_or_else(|| "SOAP fault".to_owned()))
}
