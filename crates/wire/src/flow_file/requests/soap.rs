//! What a step calls by SOAP. The WSDL stands in the document itself, under `wsdl_text`: what `wsdl`
//! and `wsdl_file` name is put there before a flow is read, so that a version of a flow never changes.

use domain::{PasswordKind, SoapCall, SoapSecurity, SoapVersion};

use super::super::address;
use super::super::keys;
use super::super::names::Names;
use super::super::node::Node;
use super::super::reader::{Part, Reader};
use super::super::wsdl::{WsdlPlace, digest};
use crate::outbound::{Wsdl, is_xml_name};

impl Reader {
    /// The call of a step.
    pub(super) fn soap(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<SoapCall> {
        let wsdl = self.wsdl(part);
        let version = part.get("version").map_or(Some(None), |node| self.soap_version(node).map(Some));
        let function =
            self.needed(part, "function").and_then(|node| Some((node.line, self.text(node, "function")?)));
        let headers = part.get("soap_headers").map_or(Some(Vec::new()), |node| {
            self.request_fields(node, "soap_headers", domain::Integration::CustomSoap, names)
        });
        let security = part.get("security").map_or(Some(None), |node| self.security(node, names).map(Some));
        let bearer_token = part
            .get("bearer_token")
            .map_or(Some(None), |node| self.template(node, "bearer_token", names).map(Some));
        let root_prefix = part.get("root_prefix").map_or(Some(None), |node| {
            let text = self.text(node, "root_prefix")?;
            if !is_xml_name(text) || text.contains(':') {
                self.problem(node.line, format!("{text:?} is no prefix of XML"));
                return None;
            }
            Some(Some(text.into()))
        });
        let root_xmlns = part.get("root_xmlns").map_or(Some(None), |node| {
            let part = self.part(node, &keys::XMLNS)?;
            let name = self.needed(&part, "name").and_then(|node| self.text(node, "name"));
            let value = self.needed(&part, "value").and_then(|node| self.text(node, "value"));
            let (name, value) = (name?, value?);
            if !is_xml_name(name) {
                self.problem(node.line, format!("{name:?} is no attribute of XML"));
                return None;
            }
            Some(Some((name.into(), value.into())))
        });
        let (wsdl, version, (line, function)) = (wsdl?, version?, function?);
        let Some(operation) = wsdl.operation(function, version) else {
            let shown: String = function.chars().take(60).collect();
            let all = wsdl.operations().iter().map(|operation| &*operation.name);
            self.unknown(line, format!("the WSDL has no function {shown:?} of this version"), function, all);
            return None;
        };
        if let Err(fault) = address::check(&operation.address) {
            self.problem(line, format!("the WSDL says where it is called, but {fault}"));
            return None;
        }
        Some(SoapCall {
            operation: operation.clone(),
            headers: headers?,
            security: security?,
            bearer_token: bearer_token?,
            root_prefix: root_prefix?,
            root_xmlns: root_xmlns?,
        })
    }

    fn wsdl(&mut self, part: &Part<'_>) -> Option<Wsdl> {
        if let Some(node) = part.get("wsdl") {
            let text = self.text(node, "wsdl")?;
            if let Err(fault) = address::check(text) {
                self.problem(node.line, format!("where the WSDL is: {fault}"));
                return None;
            }
        }
        let Some(node) = part.get("wsdl_text") else {
            let named = part.get("wsdl_file").or_else(|| part.get("wsdl"));
            self.no_wsdl(part, named);
            return None;
        };
        let text = self.text(node, "wsdl_text")?;
        if let Some(pinned) = part.get("wsdl_sha256") {
            let wanted = self.text(pinned, "wsdl_sha256")?;
            let own = digest(text);
            if !wanted.eq_ignore_ascii_case(&own) {
                let message = format!(
                    "the WSDL is not the one of \"wsdl_sha256\": its digest is {own}; see what changed, then put that \
                     digest there, or leave the key out"
                );
                self.problem(pinned.line, message);
                return None;
            }
        }
        Wsdl::read(text.as_bytes()).map_err(|error| self.problem(node.line, error)).ok()
    }

    /// Tells why there is no WSDL.
    fn no_wsdl(&mut self, part: &Part<'_>, named: Option<&Node>) {
        let Some(node) = named else {
            let message = "custom_soap needs a WSDL: its address under \"wsdl\", its file under \"wsdl_file\", or \
                           the document itself under \"wsdl_text\"";
            self.problem(part.line, message);
            return;
        };
        let key = if part.get("wsdl_file").is_some() { "wsdl_file" } else { "wsdl" };
        let Some(text) = self.text(node, key) else { return };
        let shown: String = text.chars().take(200).collect();
        let place = match key {
            "wsdl" => WsdlPlace::Url(text.to_owned()),
            _ => WsdlPlace::File(text.to_owned()),
        };
        let why = match (self.wsdl.get(&place), &place) {
            (Some(Err(why)), _) => why.clone(),
            (Some(Ok(_)) | None, WsdlPlace::Url(_)) => {
                "is not fetched here; put the document itself under \"wsdl_text\"".to_owned()
            }
            (Some(Ok(_)) | None, WsdlPlace::File(_)) => {
                "is read where glassline flow check or publish runs; do that beside the file, or put the document \
                 itself under \"wsdl_text\""
                    .to_owned()
            }
        };
        self.problem(node.line, format!("the WSDL {shown} {why}"));
    }

    fn soap_version(&mut self, node: &Node) -> Option<SoapVersion> {
        match &*self.any_text(node, "version")? {
            "1.1" => Some(SoapVersion::V1_1),
            "1.2" => Some(SoapVersion::V1_2),
            other => {
                let shown: String = other.chars().take(20).collect();
                self.problem(node.line, format!("\"version\" is 1.1 or 1.2, not {shown:?}"));
                None
            }
        }
    }

    fn security(&mut self, node: &Node, names: Names<'_>) -> Option<SoapSecurity> {
        let part = self.part(node, &keys::SECURITY)?;
        let user = self.needed(&part, "user").and_then(|node| self.template(node, "user", names));
        let password = self.needed(&part, "password").and_then(|node| self.template(node, "password", names));
        let digest = part.get("digest").map_or(Some(false), |node| self.boolean(node, "digest"));
        let kind = if digest? { PasswordKind::Digest } else { PasswordKind::Text };
        Some(SoapSecurity { user: user?, password: password?, kind })
    }
}
