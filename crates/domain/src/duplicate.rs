//! Duplicates: what makes two leads the same, for how long, and where.

use std::sync::Arc;
use std::time::Duration;

use crate::{FlowId, SourceId, Template, Variables};

/// What makes a lead the same as an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplicateRule {
    /// What people call it.
    pub name: Arc<str>,
    /// The same of its name: unique within the flow.
    pub slug: Arc<str>,
    /// What leads have in common that are the same. A lead for which it comes out blank is like no other.
    pub key: Template,
    /// For how long an earlier lead counts, from its submission on.
    pub window: Duration,
    /// Among which leads.
    pub scope: DuplicateScope,
    /// How far an earlier lead must have come to count.
    pub against: Against,
}

/// Among which leads duplicates are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DuplicateScope {
    /// Those of the same source in the same flow.
    Source,
    /// Those of the same flow.
    #[default]
    Flow,
    /// Those of all flows that have a rule of the same name and this scope.
    Installation,
}

impl DuplicateScope {
    /// The words in files.
    pub const ALL: [(&str, DuplicateScope); 3] = [
        ("source", DuplicateScope::Source),
        ("flow", DuplicateScope::Flow),
        ("installation", DuplicateScope::Installation),
    ];
}

/// How far an earlier lead must have come to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Against {
    /// It was submitted, whatever became of it.
    Submitted,
    /// It was accepted.
    #[default]
    Accepted,
    /// A buyer has it, or may have it.
    Sold,
}

impl Against {
    /// The words in files.
    pub const ALL: [(&str, Against); 3] =
        [("submitted", Against::Submitted), ("accepted", Against::Accepted), ("sold", Against::Sold)];

    fn as_str(self) -> &'static str {
        match self {
            Against::Submitted => "submitted",
            Against::Accepted => "accepted",
            Against::Sold => "sold",
        }
    }
}

/// What a rule makes of a lead, as a keyed hash: whoever lacks the installation's key learns nothing from
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DuplicateKey {
    /// The slug of the rule.
    pub rule: Arc<str>,
    /// The hash.
    pub tag: [u8; 12],
}

/// Longest time that an earlier lead counts.
pub const DUPLICATE_WINDOW_MAX: Duration = Duration::from_secs(2 * 365 * 24 * 3600);
/// Most rules of one flow: what each makes of a lead stands in the header of its event.
pub const DUPLICATE_RULES_MAX: usize = 10;

impl DuplicateRule {
    /// What a lead has in common with others, to be hashed: where it counts, then what the key comes out as,
    /// without regard to case and outer blanks. None when that is blank.
    pub fn key_of(
        &self,
        flow_id: &FlowId,
        source_id: &SourceId,
        variables: &Variables<'_>,
    ) -> Option<String> {
        let key = self.key.render(variables).trim().to_lowercase();
        if key.is_empty() {
            return None;
        }
        let place = match self.scope {
            DuplicateScope::Source => format!("{flow_id}/{source_id}"),
            DuplicateScope::Flow => flow_id.to_string(),
            DuplicateScope::Installation => String::new(),
        };
        Some(format!("{place}\0{}\0{}\0{key}", self.slug, self.against.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, FieldType, Fields, Lead, Value, Vocabulary};

    fn rule(scope: DuplicateScope) -> DuplicateRule {
        let field = |name: &str| Field::new(name.parse().unwrap(), FieldType::String);
        let fields = Fields::new(vec![field("a"), field("b")]).unwrap();
        let vocabulary = Vocabulary::Lead { fields: &fields, steps: &[] };
        DuplicateRule {
            name: "Same Person".into(),
            slug: "same_person".into(),
            key: Template::read("{{lead.a}} {{lead.b}}", vocabulary).unwrap(),
            window: Duration::from_secs(60),
            scope,
            against: Against::Accepted,
        }
    }

    fn key(scope: DuplicateScope, lead: &[(&str, &str)]) -> Option<String> {
        let lead: Lead =
            lead.iter().map(|(path, text)| (path.parse().unwrap(), Value::text(*text))).collect();
        let (flow, source) = ("flow_x".parse().unwrap(), "src_y".parse().unwrap());
        rule(scope).key_of(&flow, &source, &Variables::of(&lead)).map(|key| key.replace('\0', "|"))
    }

    #[test]
    fn a_key_is_told_apart_by_its_place_rule_and_stage() {
        let lead = [("a", " Ann"), ("b", "LEE ")];
        let told = |scope| key(scope, &lead).unwrap();
        assert_eq!(told(DuplicateScope::Source), "flow_x/src_y|same_person|accepted|ann lee");
        assert_eq!(told(DuplicateScope::Flow), "flow_x|same_person|accepted|ann lee");
        assert_eq!(told(DuplicateScope::Installation), "|same_person|accepted|ann lee");
    }

    #[test]
    fn what_comes_out_blank_is_like_no_other() {
        assert_eq!(key(DuplicateScope::Flow, &[("a", " ")]), None);
        assert_eq!(key(DuplicateScope::Flow, &[]), None);
    }
}
