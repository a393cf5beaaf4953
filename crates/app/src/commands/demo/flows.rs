//! The flows of the demo, as files that could as well be somebody's own.

use anyhow::Context as _;
use wire::flow_file::{FlowFile, WsdlPlace, WsdlTexts};

const ROOFS: &str = include_str!("flows/flow_roofs.yaml");
const CARS: &str = include_str!("flows/flow_cars.yaml");
const DEGREES: &str = include_str!("flows/flow_degrees.yaml");

/// The examples that show every key; parties that they share with the demo's own stay as they are there.
const SOLAR: &str = include_str!("../../../../../examples/flow_solar.yaml");
const AUTO: &str = include_str!("../../../../../examples/flow_auto_pingpost.yaml");
/// What the second names at an address that nobody has.
const SOUTH_WSDL: (&str, &str) =
    ("https://south.example.com/lead.wsdl", include_str!("../../../../../examples/south.wsdl"));
/// The secrets that they name.
pub(super) const SECRETS: [&str; 2] = ["phone_check_key", "south"];

/// Every flow of the demo.
pub(super) fn all() -> anyhow::Result<Vec<FlowFile>> {
    let (address, text) = SOUTH_WSDL;
    let found = WsdlTexts::from([(WsdlPlace::Url(address.to_owned()), Ok(text.to_owned()))]);
    [ROOFS, CARS, DEGREES, SOLAR, AUTO]
        .into_iter()
        .map(|text| FlowFile::read_with(text, &found).context("a flow of the demo is not valid"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::EntityKind;

    use super::*;
    use crate::commands::demo::parties::HOSTS;

    #[test]
    fn the_flows_name_nine_sources_ten_buyers_and_three_services_that_are_played() {
        let flows = all().unwrap();
        let entities = flows.iter().flat_map(|file| &file.entities);
        let entities: BTreeSet<_> =
            entities.map(|entity| (entity.id.to_string(), entity.kind.as_str())).collect();
        let count = |kind: EntityKind| entities.iter().filter(|(_, own)| *own == kind.as_str()).count();
        assert_eq!(
            (flows.len(), count(EntityKind::Source), count(EntityKind::Buyer), count(EntityKind::Service)),
            (5, 9, 10, 3)
        );
        let texts = [ROOFS, CARS, DEGREES, SOLAR, AUTO];
        let words = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.contains("fname:"));
        let hosts: BTreeSet<String> = words
            .filter_map(|line| Some(line.split_once("https://")?.1.split('/').next()?.to_owned()))
            .collect();
        assert_eq!(hosts, HOSTS.map(str::to_owned).into());
    }
}
