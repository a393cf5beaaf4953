//! How events are to be shown: their shape, what is shown besides, and whether in clear.

use std::sync::Arc;

use wire::public_event::{Expand, Shape};

use crate::names::ParameterError;

/// Longest reason for seeing personal values.
pub const WHY_CHARS_MAX: usize = 500;

/// How events are to be shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    /// How leads are laid out.
    pub shape: Shape,
    /// What is shown besides.
    pub expand: Expand,
    /// Whether values are asked for in clear. It is for the caller to check the right to it and
    /// to record that it is used.
    pub reveal: bool,
    /// Why they are asked for in clear.
    pub why: Option<Arc<str>>,
}

impl Sight {
    /// The parameters it knows.
    pub const NAMES: [&str; 4] = ["shape", "expand", "reveal", "why"];

    /// Takes one parameter; gives whether it is one of [`NAMES`](Sight::NAMES).
    ///
    /// # Errors
    /// When the value cannot be used.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, ParameterError> {
        match name {
            "shape" => self.shape = value.parse().map_err(|error| ParameterError::new(name, error))?,
            "expand" => {
                let more: Expand = value.parse().map_err(|error| ParameterError::new(name, error))?;
                self.expand.exchange |= more.exchange;
                self.expand.rules |= more.rules;
                self.expand.reason_raw |= more.reason_raw;
                self.expand.changes |= more.changes;
            }
            "reveal" => {
                self.reveal = match value {
                    "1" | "true" => true,
                    "0" | "false" => false,
                    _ => return Err(ParameterError::new(name, "write 1 to see values in clear, or 0")),
                }
            }
            "why" => {
                if value.chars().count() > WHY_CHARS_MAX {
                    return Err(ParameterError::new(name, format!("at most {WHY_CHARS_MAX} characters fit")));
                }
                self.why = Some(value.trim()).filter(|why| !why.is_empty()).map(Arc::from);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses what does not go together, once all parameters are taken.
    ///
    /// # Errors
    /// When something is to be shown besides that only bodies tell, and no body is wanted.
    pub fn check(&self) -> Result<(), ParameterError> {
        if self.shape == Shape::None && self.expand != Expand::default() {
            return Err(ParameterError::new("expand", "with shape=none nothing but the header is read"));
        }
        Ok(())
    }
}
