//! A document of another party, as a flat list of nodes in its own order.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Most nodes of one document that are kept: elements, attributes and texts.
const NODES_MAX: usize = 100_000;
/// Deepest element that is kept; what lies deeper is counted and left out.
pub(super) const DEPTH_MAX: usize = 64;
/// Most attributes of one element that are kept.
const ATTRIBUTES_MAX: usize = 200;

/// The place of a node in its document, which is also its place in the order of the document.
pub(in super::super) type NodeId = usize;

/// One node. Those below it follow it directly, up to `end`.
#[derive(Debug)]
struct Node {
    kind: NodeKind,
    parent: NodeId,
    /// One past the last node below.
    end: NodeId,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum NodeKind {
    /// The document itself, which holds the root element.
    Root,
    /// The name as it was written, prefix included.
    Element(Box<str>),
    /// Name and value. Stands directly after its element.
    Attribute(Box<str>, Box<str>),
    /// Neighbouring text and CDATA as one.
    Text(String),
}

/// A document that was read.
#[derive(Debug)]
pub(in super::super) struct Document {
    // Invariant: the first is the root; parents come before what they hold.
    nodes: Vec<Node>,
    /// How many nodes it had besides those that are kept.
    left_out: u32,
}

impl Document {
    /// The document itself.
    pub(in super::super) const ROOT: NodeId = 0;

    /// Reads a document; none when it is not XML, has a document type (and with it entities of its
    /// own), or not exactly one root element.
    pub(in super::super) fn read(text: &str) -> Option<Document> {
        let mut document =
            Document { nodes: vec![Node { kind: NodeKind::Root, parent: 0, end: 1 }], left_out: 0 };
        let mut reader = Reader::from_str(text);
        // The elements that are open, innermost last; those that are left out are only counted.
        let mut open: Vec<NodeId> = vec![Document::ROOT];
        let mut open_left_out = 0_usize;
        let mut roots = 0;
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    roots += usize::from(open.len() == 1 && open_left_out == 0);
                    let is_kept = open_left_out == 0 && open.len() <= DEPTH_MAX;
                    match is_kept.then(|| document.element(&start, *open.last()?)).flatten() {
                        Some(element) => open.push(element),
                        None => {
                            document.left_out = document.left_out.saturating_add(1);
                            open_left_out += 1;
                        }
                    }
                }
                Event::Empty(start) => {
                    roots += usize::from(open.len() == 1 && open_left_out == 0);
                    let is_kept = open_left_out == 0 && open.len() <= DEPTH_MAX;
                    if is_kept.then(|| document.element(&start, *open.last()?)).flatten().is_none() {
                        document.left_out = document.left_out.saturating_add(1);
                    }
                }
                Event::End(_) => {
                    if open_left_out > 0 {
                        open_left_out -= 1;
                    } else if open.len() > 1 {
                        let element = open.pop()?;
                        document.nodes[element].end = document.nodes.len();
                    } else {
                        return None;
                    }
                }
                Event::Text(text) => document.text(&text.xml10_content(), &open, open_left_out)?,
                Event::CData(text) => document.text(&text.xml10_content(), &open, open_left_out)?,
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref().ok()? {
                        Some(letter) => Cow::Owned(letter.to_string()),
                        None => Cow::Borrowed(quick_xml::escape::resolve_xml_entity(&reference)?),
                    };
                    document.text(&letter, &open, open_left_out)?;
                }
                Event::DocType(_) => return None,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        document.nodes[Document::ROOT].end = document.nodes.len();
        (roots == 1 && open.len() == 1 && open_left_out == 0).then_some(document)
    }

    /// How many nodes it had besides.
    pub(in super::super) fn left_out(&self) -> u32 {
        self.left_out
    }

    fn push(&mut self, kind: NodeKind, parent: NodeId) -> Option<NodeId> {
        if self.nodes.len() >= NODES_MAX {
            return None;
        }
        let id = self.nodes.len();
        self.nodes.push(Node { kind, parent, end: id + 1 });
        Some(id)
    }

    fn element(&mut self, start: &BytesStart<'_>, parent: NodeId) -> Option<NodeId> {
        let id = self.push(NodeKind::Element(start.name().0.into()), parent)?;
        for attribute in start.attributes().flatten().take(ATTRIBUTES_MAX) {
            // An entity of a document's own makes the whole value unreadable.
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or_default();
            self.push(NodeKind::Attribute(attribute.key.0.into(), (&*value).into()), id);
        }
        self.nodes[id].end = self.nodes.len();
        Some(id)
    }

    /// Adds text to the innermost element; none when it is text outside of the root element.
    fn text(&mut self, text: &str, open: &[NodeId], open_left_out: usize) -> Option<()> {
        if open_left_out > 0 || text.is_empty() {
            return Some(());
        }
        if open.len() == 1 {
            let is_blank =
                text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}').is_empty();
            return is_blank.then_some(());
        }
        let parent = *open.last()?;
        let last = self.nodes.len() - 1;
        if let Node { kind: NodeKind::Text(own), parent: of, .. } = &mut self.nodes[last]
            && *of == parent
        {
            own.push_str(text);
        } else if self.push(NodeKind::Text(text.to_owned()), parent).is_none() {
            self.left_out = self.left_out.saturating_add(1);
        }
        Some(())
    }

    /// What a node is.
    pub(in super::super) fn kind(&self, node: NodeId) -> &NodeKind {
        &self.nodes[node].kind
    }

    /// The element or document that holds a node; the document holds itself.
    pub(in super::super) fn parent(&self, node: NodeId) -> NodeId {
        self.nodes[node].parent
    }

    /// Every node below, attributes included, in the order of the document.
    pub(in super::super) fn below(&self, node: NodeId) -> std::ops::Range<NodeId> {
        node + 1..self.nodes[node].end
    }

    /// One past the last node of the document.
    pub(in super::super) fn end(&self) -> NodeId {
        self.nodes.len()
    }

    /// Elements and texts directly below.
    pub(in super::super) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.directly_below(node).filter(|child| !matches!(self.kind(*child), NodeKind::Attribute(..)))
    }

    /// Attributes of an element: name and value.
    pub(in super::super) fn attributes(&self, node: NodeId) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.directly_below(node).map_while(|child| match self.kind(child) {
            NodeKind::Attribute(name, value) => Some((&**name, &**value)),
            NodeKind::Root | NodeKind::Element(_) | NodeKind::Text(_) => None,
        })
    }

    /// Elements directly below.
    pub(in super::super) fn elements(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.directly_below(node).filter(|child| matches!(self.kind(*child), NodeKind::Element(_)))
    }

    fn directly_below(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.nodes[node].end;
        let within = move |child: NodeId| Some(child).filter(|child| *child < end);
        std::iter::successors(within(node + 1), move |child| within(self.nodes[*child].end))
    }

    /// The name of an element or attribute, prefix included.
    pub(in super::super) fn name(&self, node: NodeId) -> &str {
        match self.kind(node) {
            NodeKind::Element(name) | NodeKind::Attribute(name, _) => name,
            NodeKind::Root | NodeKind::Text(_) => "",
        }
    }

    /// The name without its prefix.
    pub(in super::super) fn local_name(&self, node: NodeId) -> &str {
        local(self.name(node))
    }

    /// All text of a node and below, as XPath's string value.
    pub(in super::super) fn text_of(&self, node: NodeId) -> String {
        match self.kind(node) {
            NodeKind::Attribute(_, value) => value.to_string(),
            NodeKind::Text(text) => text.clone(),
            NodeKind::Root | NodeKind::Element(_) => {
                let mut all = String::new();
                for below in self.below(node) {
                    if let NodeKind::Text(text) = self.kind(below) {
                        all.push_str(text);
                    }
                }
                all
            }
        }
    }
}

/// A name without its prefix.
pub(in super::super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        let document = Document::read(text)?;
        let root = document.elements(Document::ROOT).next()?;
        let attributes: Vec<String> =
            document.attributes(root).map(|(name, value)| format!("{name}={value}")).collect();
        Some(format!("{}[{}]{}", document.name(root), attributes.join(","), document.text_of(root)))
    }

    #[test]
    fn elements_attributes_and_texts_are_read() {
        let text =
            "<?xml version=\"1.0\"?><!-- c --><a x=\"1&amp;2\" y='z'>b<![CDATA[<c>]]>&lt;&#65;<d/>e</a>\n";
        assert_eq!(told(text).unwrap(), "a[x=1&2,y=z]b<c><Ae");
    }

    #[test]
    fn what_is_not_one_plain_document_is_refused() {
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "text<a/>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<a>&e;</a>",
            "<a>&#0;</a>",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_counted() {
        let deep = format!("{}x{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        let document = Document::read(&deep).unwrap();
        assert_eq!(document.left_out() as usize, 10_000 - DEPTH_MAX);
        let wide = format!("<r>{}</r>", "<a/>".repeat(NODES_MAX));
        assert!(Document::read(&wide).unwrap().left_out() > 0);
    }
}
