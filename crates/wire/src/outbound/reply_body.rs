//! The body of a reply in whichever form it came, and what stands at a path in it.

use domain::{ReplyForm, ReplyPath, Scalar};

use super::html::{HtmlPath, Page};
use super::reply_tree::{FOUND_MAX, Node, ReplyTree};
use super::soap::fault;
use super::xml::Document;
use super::xpath::XPath;

/// A body that was read.
#[derive(Debug)]
pub(super) struct ReplyBody<'a> {
    text: &'a str,
    parsed: Parsed,
}

#[derive(Debug)]
enum Parsed {
    Json(ReplyTree),
    Xml(Document, ReplyTree),
    Html(Box<Page>),
    Text,
}

impl<'a> ReplyBody<'a> {
    /// Reads a body in the form that is named, else in the one it looks like. What cannot be read so
    /// is text.
    pub(super) fn read(text: &'a str, named: Option<ReplyForm>) -> ReplyBody<'a> {
        let form = named.unwrap_or_else(|| looks_like(text));
        let parsed = match form {
            ReplyForm::Json => ReplyTree::read(text).map(Parsed::Json),
            ReplyForm::Xml => Document::read(text).map(|document| {
                let tree = ReplyTree::of_xml(&document);
                Parsed::Xml(document, tree)
            }),
            ReplyForm::Html => Page::read(text).map(|page| Parsed::Html(Box::new(page))),
            ReplyForm::Text => None,
        };
        ReplyBody { text, parsed: parsed.unwrap_or(Parsed::Text) }
    }

    /// Everything, as it came.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// What a fault of SOAP says, when there is one.
    pub(super) fn soap_fault(&self) -> Option<String> {
        match &self.parsed {
            Parsed::Xml(document, _) => fault(document),
            Parsed::Json(_) | Parsed::Html(_) | Parsed::Text => None,
        }
    }

    /// What is added to a lead.
    pub(super) fn tree(&self) -> Option<&ReplyTree> {
        match &self.parsed {
            Parsed::Json(tree) | Parsed::Xml(_, tree) => Some(tree),
            Parsed::Html(_) | Parsed::Text => None,
        }
    }

    /// Whether captures count: they are for what has no paths to all its values.
    pub(super) fn is_captured(&self) -> bool {
        match &self.parsed {
            Parsed::Html(_) | Parsed::Text => true,
            Parsed::Json(_) | Parsed::Xml(..) => false,
        }
    }

    /// The values at a path; of JSON those of a list too, but none that lie within an object.
    pub(super) fn values(&self, path: &ReplyPath) -> Vec<Scalar> {
        match &self.parsed {
            Parsed::Json(tree) => {
                tree.find(path).into_iter().flat_map(Node::own_scalars).take(FOUND_MAX).cloned().collect()
            }
            Parsed::Xml(..) | Parsed::Html(_) | Parsed::Text => self.texts(path),
        }
    }

    /// Every value at a path and below.
    pub(super) fn values_below(&self, path: &ReplyPath) -> Vec<Scalar> {
        match &self.parsed {
            Parsed::Json(tree) => {
                tree.find(path).into_iter().flat_map(Node::scalars).take(FOUND_MAX).cloned().collect()
            }
            // Text has no places; an outcome is looked for in all of it.
            Parsed::Text => vec![Scalar::Text(self.text.into())],
            Parsed::Xml(..) | Parsed::Html(_) => self.texts(path),
        }
    }

    fn texts(&self, path: &ReplyPath) -> Vec<Scalar> {
        let texts = match &self.parsed {
            Parsed::Json(_) => Vec::new(),
            Parsed::Xml(document, _) => {
                XPath::read(path.as_str()).map(|path| path.find(document, FOUND_MAX)).unwrap_or_default()
            }
            Parsed::Html(page) => {
                HtmlPath::read(path.as_str()).map(|path| page.find(&path, FOUND_MAX)).unwrap_or_default()
            }
            Parsed::Text => {
                let group = path.pattern().and_then(|pattern| pattern.first_group(self.text));
                group.map(str::to_owned).into_iter().collect()
            }
        };
        texts.into_iter().map(|text| Scalar::Text(text.into())).collect()
    }
}

/// The form of a body whose content type says nothing.
fn looks_like(text: &str) -> ReplyForm {
    if text.starts_with(['{', '[']) {
        return ReplyForm::Json;
    }
    if !text.starts_with('<') {
        return ReplyForm::Text;
    }
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.contains("<html") {
        ReplyForm::Html
    } else {
        ReplyForm::Xml
    }
}

/// What is wrong with a path that means nothing in any form of reply.
pub(crate) fn path_fault(path: &ReplyPath) -> Option<&'static str> {
    let text = path.as_str();
    let is_json = text.split('.').all(|key| !key.trim().is_empty())
        && !text.contains(['/', '@', '#', '>', '(', ' ', ':', '=', '"', '\'']);
    // Without any of their marks a text is meant as keys, though almost any text is also an XPath.
    let is_marked = text.contains(['/', '@', '#', '>', '(', ' ', ':', '=', '|']);
    let is_one = is_json
        || path.pattern().is_some()
        || (is_marked && (XPath::read(text).is_ok() || HtmlPath::read(text).is_some()))
        || (text.starts_with(['.', '[', '*']) && HtmlPath::read(text).is_some())
        || text.contains(' ') && text.split('.').all(|key| !key.trim().is_empty());
    (!is_one).then_some(
        "is no path of a reply: keys of JSON with dots between (result.errors.*.message), an XPath of XML \
         (//status/text()), a selector of HTML (#result@data-code), or an expression for text (/id=(\\w+)/)",
    )
}
