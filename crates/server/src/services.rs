//! What the API is an interface to.

use std::sync::Arc;

use domain::{Flow, FlowId, FlowVersion, StepId};
use engine::{Clock, Control, Engine};
use ledger::{Entropy, Ledger};
use readers::{Events, FreeSales, Leads, Policies, PublishedFlows};
use wire::mask::Policy;

/// What the API is an interface to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    /// Takes leads in.
    pub engine: Engine,
    /// Flows and keys.
    pub control: Control,
    /// The events of leads.
    pub leads: Ledger,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Draws the ids of requests.
    pub entropy: Arc<dyn Entropy>,
}

impl Services {
    /// The events of leads.
    pub(crate) fn events(&self) -> Events {
        Events::new(self.leads.reader())
    }

    /// What leads came to.
    pub(crate) fn lead_finder(&self) -> Leads {
        Leads::new(self.leads.reader())
    }

    /// What filters can name.
    pub(crate) fn published_flows(&self) -> AllVersions {
        AllVersions { control: self.control.clone() }
    }

    /// Knows which leads can still be sold.
    pub(crate) fn free_sales(&self) -> FlowSales {
        FlowSales { control: self.control.clone() }
    }

    /// Masks by the flows that are published.
    pub(crate) fn policies(&self) -> FlowPolicies {
        FlowPolicies { control: self.control.clone() }
    }
}

/// What every version of every flow declares.
#[derive(Debug)]
pub(crate) struct AllVersions {
    control: Control,
}

impl PublishedFlows for AllVersions {
    fn each(&self, show: &mut dyn FnMut(FlowVersion, &Flow)) {
        for newest in self.control.flows() {
            for published in self.control.flow_versions(newest.flow.id()) {
                show(published.version, &published.flow);
            }
        }
    }
}

/// Which leads can still be sold, by the version of the flow they ran through.
#[derive(Debug)]
pub(crate) struct FlowSales {
    control: Control,
}

impl FreeSales for FlowSales {
    fn is_free(&self, flow_id: &FlowId, version: FlowVersion, step_id: &StepId, sold: &[StepId]) -> bool {
        let flow = self.control.flow_version(flow_id, version);
        flow.is_none_or(|published| published.flow.has_free_sale(step_id, sold))
    }
}

/// What may be seen of leads, by the version of the flow they ran through.
#[derive(Debug)]
pub(crate) struct FlowPolicies {
    control: Control,
}

impl Policies for FlowPolicies {
    fn policy(&self, flow_id: &FlowId, version: FlowVersion) -> Option<Policy> {
        self.control.flow_version(flow_id, version).map(|published| Policy::of_flow(&published.flow))
    }
}
