//! XPath 1.0 for replies in XML: the whole language but variables and namespaces by address.
//!
//! Names are compared as they are written, prefix included, so that `//status` finds `<status>` also
//! where a default namespace is declared, and a prefix needs no declaration: `//soap:Body`,
//! `//*[local-name()='status']`. Libraries of XPath either panic on an undeclared prefix or bring two
//! hundred crates along. Expressions and the work they may cause are bounded.

mod evaluate;
mod functions;
mod lexer;
mod parser;

pub(crate) use parser::XPath;
