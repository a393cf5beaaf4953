//! The flows of the demo, as files that could as well be somebody's own.

use anyhow::Context as _;
use wire::flow_file::FlowFile;

const ROOFS: &str = include_str!("flows/flow_roofs.yaml");
const AUTO: &str = include_str!("flows/flow_auto.yaml");
const DEGREES: &str = include_str!("flows/flow_degrees.yaml");

/// Every flow of the demo.
pub(super) fn all() -> anyhow::Result<Vec<FlowFile>> {
    [ROOFS, AUTO, DEGREES]
        .into_iter()
        .map(|text| FlowFile::read(text).context("a flow of the demo is not valid"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::EntityKind;

    use super::*;
    use crate::commands::demo::parties::HOSTS;

    #[test]
    fn the_flows_name_six_sources_eight_buyers_and_two_services_that_are_played() {
        let flows = all().unwrap();
        let entities = flows.iter().flat_map(|file| &file.entities);
        let entities: BTreeSet<_> =
            entities.map(|entity| (entity.id.to_string(), entity.kind.as_str())).collect();
        let count = |kind: EntityKind| entities.iter().filter(|(_, own)| *own == kind.as_str()).count();
        assert_eq!(
            (flows.len(), count(EntityKind::Source), count(EntityKind::Buyer), count(EntityKind::Service)),
            (3, 6, 8, 2)
        );
        let addresses = flows.iter().flat_map(|file| file.flow.all_steps()).filter_map(|step| step.request());
        let hosts: BTreeSet<String> = addresses
            .map(|request| {
                let address = request.url.as_literal().unwrap();
                address.strip_prefix("https://").unwrap().split('/').next().unwrap().to_owned()
            })
            .collect();
        assert_eq!(hosts, HOSTS.map(str::to_owned).into());
    }
}
