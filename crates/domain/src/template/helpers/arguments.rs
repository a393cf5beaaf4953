//! The words behind the name of a helper.

use crate::FieldType;

use super::Helper;
use crate::template::expression::{Argument, Expression, Room};
use crate::template::fault::{TemplateFault, nearest, shown};
use crate::template::scan::Wrong;

/// The values and options of one use of a helper, of which each is taken once.
#[derive(Debug)]
pub(in crate::template) struct Arguments {
    pub(in crate::template) helper: &'static Helper,
    /// The byte of the template at which the helper stands.
    pub(in crate::template) at: usize,
    pub(in crate::template) values: Vec<Argument>,
    pub(in crate::template) options: Vec<(String, Argument)>,
}

impl Arguments {
    /// Checks how many values there are and that options are known; values beyond what the helper takes
    /// are its options.
    pub(super) fn check(&mut self) -> Result<(), Wrong> {
        let Helper { name, example, values: (min, max), missing, options, unnamed } = *self.helper;
        if self.values.len() < min {
            return Err((self.at, TemplateFault::Missing { helper: name, missing, example }));
        }
        for (option, value) in &self.options {
            if !options.contains(&option.as_str()) {
                let near = nearest(option, options.iter().copied());
                let fault = TemplateFault::UnknownOption { helper: name, option: shown(option), near };
                return Err((value.at, fault));
            }
        }
        let mut surplus = self.values.split_off(self.values.len().min(max)).into_iter();
        for option in &options[..unnamed] {
            if let Some(value) = surplus.next() {
                if self.options.iter().any(|(own, _)| own == option) {
                    let option = (*option).to_owned();
                    return Err((value.at, TemplateFault::OptionTwice { helper: name, option }));
                }
                self.options.push(((*option).to_owned(), value));
            }
        }
        match surplus.next() {
            Some(value) => Err((value.at, TemplateFault::TooMany { helper: name, example })),
            None => Ok(()),
        }
    }

    /// The first value; [`check`](Arguments::check) saw to it that there is one.
    pub(in crate::template) fn value(&mut self) -> Argument {
        self.values.remove(0)
    }

    /// All values.
    pub(super) fn values(&mut self) -> Vec<Argument> {
        std::mem::take(&mut self.values)
    }

    pub(super) fn option(&mut self, name: &str) -> Option<Argument> {
        let at = self.options.iter().position(|(own, _)| own == name)?;
        Some(self.options.remove(at).1)
    }

    /// The option, which must be there.
    pub(super) fn needed(&mut self, missing: &'static str, name: &str) -> Result<Argument, Wrong> {
        let (helper, example) = (self.helper.name, self.helper.example);
        let fault = TemplateFault::Missing { helper, missing, example };
        self.option(name).ok_or((self.at, fault))
    }

    /// The text of an argument that must be the same for every lead.
    pub(in crate::template) fn literal(
        &self,
        argument: &Argument,
        option: &'static str,
    ) -> Result<String, Wrong> {
        let fault = TemplateFault::NotLiteral { helper: self.helper.name, option };
        argument.expression.literal().map(std::borrow::Cow::into_owned).ok_or((argument.at, fault))
    }

    /// An option that must be the same for every lead, when it is there.
    pub(in crate::template) fn literal_option(
        &mut self,
        option: &'static str,
    ) -> Result<Option<(usize, String)>, Wrong> {
        match self.option(option) {
            None => Ok(None),
            Some(argument) => Ok(Some((argument.at, self.literal(&argument, option)?))),
        }
    }

    /// An option with a value that it cannot have.
    pub(in crate::template) fn wrong_option(
        &self,
        option: &'static str,
        value: &str,
        wanted: impl Into<String>,
    ) -> TemplateFault {
        TemplateFault::OptionValue {
            helper: self.helper.name,
            option,
            value: shown(value),
            wanted: wanted.into(),
        }
    }

    /// An option that is a whole number: checked here when it is the same for every lead.
    pub(super) fn whole_option(
        &mut self,
        option: &'static str,
        least: i64,
        wanted: &str,
    ) -> Result<Option<Expression>, Wrong> {
        let Some(argument) = self.option(option) else { return Ok(None) };
        if let Some(text) = argument.expression.literal()
            && !text.trim().parse::<i64>().is_ok_and(|number| number >= least)
        {
            return Err((argument.at, self.wrong_option(option, &text, wanted)));
        }
        Ok(Some(argument.expression))
    }

    /// Refuses a value of a type that the helper can do nothing with.
    pub(super) fn check_type(
        &self,
        value: &Argument,
        does: &'static str,
        takes: impl Fn(FieldType) -> bool,
    ) -> Result<(), Wrong> {
        match value.field_type {
            Some(field_type) if !takes(field_type) => {
                let (helper, name) = (self.helper.name, value.name.clone());
                Err((value.at, TemplateFault::Type { helper, does, name, field_type }))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The whole number that an expression gives.
pub(in crate::template) fn whole_number<'a>(expression: &'a Expression, room: &Room<'a>) -> Option<i64> {
    expression.text(room).trim().parse().ok()
}
