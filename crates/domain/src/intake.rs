//! What a source may send, how often, and how it is answered.

use std::time::Duration;

use crate::{AddressRange, AnswerField, AnswerForm, Limits};

/// Most ranges of addresses that one source may send from.
pub const ALLOW_FROM_MAX: usize = 200;
/// Most fields of one answer.
pub const ANSWER_FIELDS_MAX: usize = 100;
/// Longest time for which an identical submission can count as the same.
pub const SAME_PAYLOAD_MAX: Duration = Duration::from_secs(24 * 3600);

/// How the submissions of one source are taken in. The default takes everything and answers as usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intake {
    /// Where submissions may come from; empty means anywhere.
    pub allow_from: Vec<AddressRange>,
    /// How many submissions are taken.
    pub limits: Limits,
    /// What is told, in order; none means outcome, reason, lead.id and price.
    pub answer: Option<Vec<AnswerField>>,
    /// How it is told to who takes any form.
    pub answer_as: AnswerForm,
    /// For how long an identical submission gets the first answer; none means that each is a lead.
    pub same_payload: Option<Duration>,
}
