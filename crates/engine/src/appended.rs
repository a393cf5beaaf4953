//! What a step adds to its lead, under `appended.<step>.…`.

use domain::{FieldPath, Lead, Number, Scalar, StepId, Value};
use wire::outbound::Reading;

use crate::run::{Run, path};

/// Most values a lead may have with what steps appended; a record holds 1,000 paths, and the rest is
/// for exchanges, rules and reasons.
const VALUES_MAX: usize = 900;
/// Most bytes of appended values of one lead, names included; the exchange keeps the text.
const BYTES_MAX: usize = 256 * 1024;
/// What a step says of itself, beside what the other party said: never left out.
const OWN_VALUES: usize = 5;

impl Run {
    /// Puts what a step says of itself into the lead, in place of whatever it appended before.
    pub(crate) fn append(&mut self, step_id: &StepId, own: Vec<(&'static str, Value)>) {
        self.append_at(step_id.as_str(), own);
    }

    /// The same at a place below `appended`: `<step>`, or `<step>.ping`.
    pub(crate) fn append_at(&mut self, place: &str, own: Vec<(&'static str, Value)>) {
        clear(&mut self.story.lead, place);
        put_own(&mut self.story.lead, place, own);
    }

    /// Puts a reply into the lead, in place of whatever the step appended before.
    pub(crate) fn append_reading(
        &mut self,
        step_id: &StepId,
        reading: &Reading,
        own: Vec<(&'static str, Value)>,
    ) {
        self.append_reading_at(step_id.as_str(), reading, own);
    }

    /// The same at a place below `appended`.
    pub(crate) fn append_reading_at(
        &mut self,
        place: &str,
        reading: &Reading,
        own: Vec<(&'static str, Value)>,
    ) {
        let lead = &mut self.story.lead;
        clear(lead, place);
        let mut left_out = reading.truncated;
        let mut bytes = appended_bytes(lead);
        for (below, value) in &reading.appended {
            let size = below.as_str().len() + value_bytes(value);
            let full = lead.len() + OWN_VALUES >= VALUES_MAX || bytes + size > BYTES_MAX;
            match format!("appended.{place}.{below}").parse::<FieldPath>() {
                Ok(path) if !full => {
                    bytes += size;
                    lead.set(path, value.clone());
                }
                Ok(_) | Err(_) => left_out += 1,
            }
        }
        put_own(lead, place, own);
        if left_out > 0 {
            let count = Number::from(i32::try_from(left_out).unwrap_or(i32::MAX));
            lead.set(path(&format!("appended.{place}.truncated")), Value::from(count));
        }
    }
}

fn put_own(lead: &mut Lead, place: &str, own: Vec<(&'static str, Value)>) {
    for (name, value) in own {
        lead.set(path(&format!("appended.{place}.{name}")), value);
    }
}

/// Takes away what stands at a place. What a ping brought stays when its recipient is asked.
fn clear(lead: &mut Lead, place: &str) {
    let prefix = format!("appended.{place}.");
    let old: Vec<FieldPath> = lead
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.as_str().strip_prefix(&prefix).is_some_and(|below| !below.starts_with("ping.")))
        .cloned()
        .collect();
    for path in old {
        lead.remove(path.as_str());
    }
}

fn appended_bytes(lead: &Lead) -> usize {
    let appended = lead.iter().filter(|(path, _)| path.as_str().starts_with("appended."));
    appended.map(|(path, value)| path.as_str().len() + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => text.len(),
        Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => 8,
    };
    match value {
        Value::Scalar(one) => scalar(one),
        Value::List(list) => list.iter().map(scalar).sum(),
    }
}
