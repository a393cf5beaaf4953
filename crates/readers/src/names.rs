//! Query parameters that are wrong, and the names that were meant.

use ledger::Order;

/// One query parameter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// Which parameter.
    pub name: String,
    /// What is wrong with it, and how to mend it.
    pub message: String,
}

impl ParameterError {
    pub(crate) fn new(name: &str, message: impl ToString) -> ParameterError {
        ParameterError { name: name.to_owned(), message: message.to_string() }
    }
}

/// The parameter that continues a list after its last row.
pub(crate) fn cursor_name(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "after",
        Order::NewestFirst => "before",
    }
}
