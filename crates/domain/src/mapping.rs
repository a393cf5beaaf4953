//! Mappings: raw parameters of a source put under the names of the flow's fields.

use crate::{Condition, FieldName, Lead, Template, Value, Variables};

/// Puts a value made of raw parameters under the name of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// The field.
    pub to: FieldName,
    /// What it gets.
    pub value: Template,
    /// For which submissions; looks at raw parameters. None means all.
    pub when: Option<Condition>,
}

impl Mapping {
    /// The raw parameters (the lead of `variables`) with each mapping applied, in order: a later one overwrites, and sees what
    /// an earlier one set. A value that comes out blank sets nothing, unless the mapping is literally
    /// empty text, which clears the field.
    pub fn apply_all(mappings: &[Mapping], variables: &Variables<'_>) -> Lead {
        let mut mapped = variables.lead.clone();
        for mapping in mappings {
            let own = Variables { lead: &mapped, ..*variables };
            if mapping.when.as_ref().is_some_and(|when| !when.holds(&own)) {
                continue;
            }
            let clears = mapping.value.as_literal() == Some("");
            let value = mapping.value.value(&own);
            match value.filter(|value| !value.is_blank()) {
                Some(value) => mapped.set(mapping.to.path().clone(), value),
                None if clears => mapped.set(mapping.to.path().clone(), Value::text("")),
                None => {}
            }
        }
        mapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operator, Rule, Vocabulary};

    fn mapping(to: &str, value: &str, when: Option<(&str, &str)>) -> Mapping {
        let when = when.map(|(place, wanted)| {
            Rule::new(Vocabulary::Raw, place, Operator::Equal, Some(&Value::text(wanted))).unwrap().into()
        });
        Mapping { to: to.parse().unwrap(), value: Template::read(value, Vocabulary::Raw).unwrap(), when }
    }

    fn check(mappings: &[Mapping], raw: &[(&str, &str)], wanted: &str) {
        let raw: Lead = raw.iter().map(|(path, raw)| (path.parse().unwrap(), Value::text(*raw))).collect();
        let mapped = Mapping::apply_all(mappings, &Variables::of(&raw));
        let told: Vec<String> =
            mapped.iter().map(|(path, value)| format!("{path}={}", value.as_text().unwrap())).collect();
        assert_eq!(told.join(" "), wanted);
    }

    #[test]
    fn parameters_get_the_names_of_fields() {
        check(&[mapping("first_name", "{{fname}}", None)], &[("fname", "ann")], "first_name=ann fname=ann");
        check(
            &[mapping("name", "{{fname}} {{lname}}", None)],
            &[("fname", "ann"), ("lname", "lee")],
            "fname=ann lname=lee name=ann lee",
        );
    }

    #[test]
    fn later_ones_overwrite_and_conditions_choose() {
        let mappings = [
            mapping("state", "TX", Some(("region", "texas"))),
            mapping("state", "OK", Some(("region", "north"))),
        ];
        check(&mappings, &[("region", "Texas")], "region=Texas state=TX");
        check(&mappings, &[("region", "north"), ("state", "CA")], "region=north state=OK");
        check(&mappings, &[("region", "west"), ("state", "CA")], "region=west state=CA");
    }

    #[test]
    fn blank_sets_nothing_and_empty_text_clears() {
        check(&[mapping("state", "{{none}}", None)], &[("state", "CA")], "state=CA");
        check(&[mapping("state", " {{none}} ", None)], &[("state", "CA")], "state=CA");
        check(&[mapping("state", "", None)], &[("state", "CA")], "state=");
    }
}
