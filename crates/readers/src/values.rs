//! Values of query parameters as people write them, and the parameters that every list has.

use domain::{Money, Timestamp};
use ledger::{Choice, Order, TestLeads, Window};

use crate::moment::read_moment;
use crate::names::ParameterError;

/// Rows of one page, unless the query says otherwise.
pub(crate) const LIMIT_DEFAULT: usize = 50;
/// Most rows of one page.
pub(crate) const LIMIT_MAX: usize = 1000;
/// Most values of one parameter.
const VALUES_MAX: usize = 100;

/// The newest rows.
pub(crate) const NEWEST: Window =
    Window { after: None, before: None, order: Order::NewestFirst, limit: LIMIT_DEFAULT };

/// Refuses an empty value.
pub(crate) fn given(name: &str, value: &str) -> Result<(), ParameterError> {
    if value.trim().is_empty() {
        return Err(ParameterError::new(name, "write a value, or leave the parameter out"));
    }
    Ok(())
}

/// Reads one value.
pub(crate) fn one<T: std::str::FromStr<Err: ToString>>(name: &str, value: &str) -> Result<T, ParameterError> {
    value.parse().map_err(|error: T::Err| ParameterError::new(name, error))
}

/// Adds values parted by commas; those with a leading `-` are not wanted.
pub(crate) fn choose<T, E: ToString>(
    name: &str,
    value: &str,
    choice: &mut Choice<T>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<(), ParameterError> {
    for text in value.split(',').map(str::trim) {
        let (list, text) = match text.strip_prefix('-') {
            Some(text) => (&mut choice.except, text),
            None => (&mut choice.among, text),
        };
        list.push(read(text).map_err(|error| ParameterError::new(name, error))?);
    }
    if choice.among.len() + choice.except.len() > VALUES_MAX {
        return Err(ParameterError::new(name, format!("at most {VALUES_MAX} values fit")));
    }
    Ok(())
}

/// Reads a word that may be anything but blank.
pub(crate) fn word(text: &str) -> Result<&str, &'static str> {
    if text.is_empty() { Err("a word is missing between the commas") } else { Ok(text) }
}

/// Reads a moment.
pub(crate) fn moment(name: &str, value: &str, now: Timestamp) -> Result<Timestamp, ParameterError> {
    read_moment(value, now).map_err(|error| ParameterError::new(name, error))
}

/// Reads a span in milliseconds.
pub(crate) fn milliseconds(name: &str, value: &str) -> Result<u64, ParameterError> {
    value.parse().map_err(|_| ParameterError::new(name, "write milliseconds, a whole number"))
}

/// Reads an amount.
pub(crate) fn amount(name: &str, value: &str) -> Result<Money, ParameterError> {
    one(name, value)
}

/// Reads whether test leads are wanted.
pub(crate) fn test(name: &str, value: &str) -> Result<TestLeads, ParameterError> {
    match value {
        "with" => Ok(TestLeads::With),
        "without" => Ok(TestLeads::Without),
        "only" => Ok(TestLeads::Only),
        _ => Err(ParameterError::new(name, "write only, without or with")),
    }
}

/// Takes `after`, `before`, `limit` or `sort`; gives whether it is one of them.
pub(crate) fn set_window(window: &mut Window, name: &str, value: &str) -> Result<bool, ParameterError> {
    let seq = || {
        let wrong = || ParameterError::new(name, "write the seq of an event, a whole number");
        value.parse().map(Some).map_err(|_| wrong())
    };
    match name {
        "after" => window.after = seq()?,
        "before" => window.before = seq()?,
        "limit" => {
            window.limit =
                value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
                    ParameterError::new(name, format!("write a number from 1 to {LIMIT_MAX}"))
                })?;
        }
        "sort" => {
            window.order = match value {
                "seq" => Order::OldestFirst,
                "-seq" => Order::NewestFirst,
                _ => {
                    let message = "write seq (oldest first) or -seq (newest first)";
                    return Err(ParameterError::new(name, message));
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}
