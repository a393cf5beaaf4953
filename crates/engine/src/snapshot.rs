//! What events say of the lead at their moment: most of a lead's events say the same, so it is made anew only when
//! the lead has changed, or what is to be masked of it.

use std::sync::Arc;

use domain::{FieldStates, Flow, Lead, Redactor, Scalar};

/// A lead at one moment, as events have it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// What may be recorded.
    pub(crate) recorded: Lead,
    /// What is recorded otherwise than it is, and later steps still need.
    pub(crate) masked: Lead,
    /// What is kept in the clear for reports.
    pub(crate) dims: Vec<(Arc<str>, Scalar)>,
    pub(crate) fields: FieldStates,
}

impl Snapshot {
    /// Raw parameters.
    pub(crate) fn of_raw(flow: &Flow, redactor: Option<&Redactor>, raw: &Lead) -> Snapshot {
        let recorded = redactor.map_or_else(|| raw.clone(), |redactor| redactor.raw(flow.fields(), raw));
        let masked = differing(raw, &recorded, |_| true);
        Snapshot { recorded, masked, ..Snapshot::default() }
    }

    fn of_parsed(flow: &Flow, redactor: Option<&Redactor>, lead: &Lead) -> Snapshot {
        let recorded = redactor.map_or_else(|| lead.clone(), |redactor| redactor.lead(flow.fields(), lead));
        // Fields can be parsed again.
        let masked = differing(lead, &recorded, |path| path.starts_with("appended."));
        Snapshot { recorded, masked, dims: flow.dims(lead), fields: flow.field_states(lead) }
    }
}

/// The newest snapshot of a parsed lead.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Newest {
    lead: Lead,
    /// How much the redactor knew.
    known: usize,
    snapshot: Snapshot,
}

impl Snapshots {
    /// That of a lead in this flow. The redactor is the one of the time before, or has learnt since.
    pub(crate) fn of(&mut self, flow: &Flow, redactor: Option<&Redactor>, lead: &Lead) -> Snapshot {
        let known = redactor.map_or(0, Redactor::known);
        if let Some(newest) =
            self.newest.as_ref().filter(|newest| newest.known == known && newest.lead == *lead)
        {
            return newest.snapshot.clone();
        }
        let snapshot = Snapshot::of_parsed(flow, redactor, lead);
        self.newest = Some(Newest { lead: lead.clone(), known, snapshot: snapshot.clone() });
        snapshot
    }
}

/// Values of a lead that are recorded otherwise.
fn differing(lead: &Lead, recorded: &Lead, counts: impl Fn(&str) -> bool) -> Lead {
    if recorded.is_shared_with(lead) {
        return Lead::new();
    }
    let differs = |path: &str, value| counts(path) && recorded.get(path) != Some(value);
    lead.iter()
        .filter(|(path, value)| differs(path.as_str(), value))
        .map(|(path, value)| (path.clone(), value.clone()))
        .collect()
}
