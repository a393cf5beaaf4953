//! Bodies in XML: the root is dropped, attributes are members, what comes once is not a list.
//! Entities beyond the five of XML are not known, whatever a document declares, so none expands.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use super::{DEPTH_MAX, Refusal, Tree, VALUES_MAX};

/// The member that has the text of an element with other members.
const TEXT_KEY: &str = "_";

/// An element that is not closed yet.
struct Element {
    name: String,
    text: String,
    members: Tree,
}

/// Reads a document. A root without members gives its text.
pub(super) fn read_xml(text: &str) -> Result<Value, Refusal> {
    XmlBody { text, open: Vec::new(), root: None, values: 0 }.read()
}

struct XmlBody<'a> {
    text: &'a str,
    open: Vec<Element>,
    root: Option<Value>,
    values: usize,
}

impl XmlBody<'_> {
    fn read(mut self) -> Result<Value, Refusal> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let event = reader.read_event();
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len());
            match event {
                Ok(Event::Start(tag)) => self.open(&tag, at)?,
                Ok(Event::Empty(tag)) => {
                    self.open(&tag, at)?;
                    self.close();
                }
                Ok(Event::End(_)) => self.close(),
                Ok(Event::Text(text)) => self.add_text(&text.xml10_content(), at)?,
                Ok(Event::CData(text)) => self.add_text(&text.xml10_content(), at)?,
                Ok(Event::GeneralRef(reference)) => {
                    let known = match reference.resolve_char_ref() {
                        Ok(Some(character)) => Some(character.to_string()),
                        Ok(None) => resolve_predefined_entity(&reference).map(str::to_owned),
                        Err(_) => None,
                    };
                    let known = known.ok_or_else(|| self.fault("Invalid character entity", at))?;
                    self.add_text(&known, at)?;
                }
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
                Ok(Event::Eof) => break,
                Err(error) => return Err(self.broken(&error, at)),
            }
        }
        if !self.open.is_empty() {
            return Err(self.end_fault("Unclosed root tag"));
        }
        let root = self.root.take();
        root.ok_or_else(|| self.end_fault("Unexpected end"))
    }

    fn open(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<(), Refusal> {
        if self.root.is_some() {
            return Err(self.fault("Text data outside of root node.", at));
        }
        // The root itself is dropped.
        if self.open.len() > DEPTH_MAX {
            return Err(Refusal::TooDeep);
        }
        self.count()?;
        let mut members = Tree::new();
        for attribute in tag.attributes() {
            self.count()?;
            let attribute = attribute.map_err(|error| self.fault(&error.to_string(), at))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| self.fault("Invalid character entity", at))?;
            add(&mut members, attribute.key.as_ref().to_owned(), Value::String(value.into_owned()));
        }
        self.open.push(Element { name: tag.name().as_ref().to_owned(), text: String::new(), members });
        Ok(())
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let Element { name, text, mut members } = element;
        let value = if members.is_empty() {
            Value::String(text)
        } else {
            if !text.trim().is_empty() {
                add(&mut members, TEXT_KEY.to_owned(), Value::String(text));
            }
            Value::Object(members)
        };
        match self.open.last_mut() {
            Some(parent) => add(&mut parent.members, name, value),
            None => self.root = Some(value),
        }
    }

    fn add_text(&mut self, text: &str, at: usize) -> Result<(), Refusal> {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
            return Ok(());
        }
        let Some(first) = text.find(|character: char| !character.is_whitespace()) else { return Ok(()) };
        if self.root.is_some() {
            return Err(self.fault("Text data outside of root node.", at));
        }
        // Where it begins, whatever came of it.
        let begins = self.text.find(|character: char| !character.is_whitespace()).unwrap_or(first);
        let first = self.text[begins..].chars().next().map_or(0, char::len_utf8);
        Err(self.fault("Non-whitespace before first tag.", begins + first))
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.values += 1;
        if self.values > VALUES_MAX { Err(Refusal::TooMany) } else { Ok(()) }
    }

    fn broken(&self, error: &Error, at: usize) -> Refusal {
        match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => {
                self.fault("Unexpected close tag", at)
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
                let name: String = name.chars().take(40).collect();
                self.fault(&format!("Unmatched closing tag: {name}"), at)
            }
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                self.fault("Invalid character in entity name", at)
            }
            Error::Syntax(_) if !self.open.is_empty() => self.end_fault("Unclosed root tag"),
            Error::Syntax(_) => self.end_fault("Unexpected end"),
            other => self.fault(&other.to_string(), at),
        }
    }

    /// The words of the parser that senders know: what, and how far it had read. Lines count from 0.
    fn fault(&self, what: &str, at: usize) -> Refusal {
        let read = self.text.get(..at).unwrap_or(self.text);
        let last = read.chars().next_back().map(String::from).unwrap_or_default();
        self.told(what, read, &last)
    }

    fn end_fault(&self, what: &str) -> Refusal {
        self.told(what, self.text, "")
    }

    fn told(&self, what: &str, read: &str, last: &str) -> Refusal {
        let line = read.matches('\n').count();
        let column = read.rsplit('\n').next().unwrap_or_default().chars().count();
        Refusal::Xml(format!("Error: {what} Line: {line} Column: {column} Char: {last}."))
    }
}

/// A member that comes again makes a list.
fn add(members: &mut Tree, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}
