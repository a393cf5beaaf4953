//! The reports that wait for somebody to decide. What is here can be rebuilt from the events at any start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{EventId, Feedback, FlowId, LeadId, SourceId, Timestamp};

/// A report that waits for somebody to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReport {
    /// The event of the report.
    pub feedback_id: EventId,
    /// The lead.
    pub lead_id: LeadId,
    /// The flow it ran through.
    pub flow_id: FlowId,
    /// Where it came from.
    pub source_id: SourceId,
    /// When the report came.
    pub received_at: Timestamp,
    /// What it says.
    pub feedback: Feedback,
}

/// All of them, at most two of each sale. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    reports: Arc<Mutex<BTreeMap<EventId, PendingReport>>>,
}

impl Pending {
    fn reports(&self) -> MutexGuard<'_, BTreeMap<EventId, PendingReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, report: PendingReport) {
        self.reports().insert(report.feedback_id, report);
    }

    pub(crate) fn remove(&self, feedback_id: EventId) {
        self.reports().remove(&feedback_id);
    }

    /// In the order they came: ids begin with the moment.
    pub(crate) fn list(&self) -> Vec<PendingReport> {
        self.reports().values().cloned().collect()
    }
}
