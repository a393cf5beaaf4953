//! Conditions: rules in groups, and how a lead fares under them.

use crate::{Lead, Rule, RuleTrace, TracedRule, Vocabulary};

/// One rule, or a group of conditions. An empty group holds for every lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Holds when its rule does.
    Rule(Box<Rule>),
    /// Holds when each member does; looks no further than the first that does not.
    All(Vec<Condition>),
    /// Holds when some member does; looks no further than the first that does.
    Any(Vec<Condition>),
    /// Holds when no member does; looks no further than the first that does.
    None(Vec<Condition>),
}

/// How a lead fared under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the condition holds.
    pub holds: bool,
    /// The rules that were looked at, in order.
    pub trace: RuleTrace,
    /// What the lead would have to do for the opposite to be the case, as a sentence made from
    /// the rules that decided: no values of the lead. Empty when no rule decided.
    pub demand: String,
}

/// Most bytes of a sentence made from a condition; it stands in the header of a record.
const DEMAND_BYTES_MAX: usize = 1_000;

impl From<Rule> for Condition {
    fn from(rule: Rule) -> Condition {
        Condition::Rule(Box::new(rule))
    }
}

impl Condition {
    /// Looks at a parsed lead.
    pub fn evaluate(&self, lead: &Lead) -> Verdict {
        let mut trace = RuleTrace::default();
        let (holds, deciding) = self.walk(lead, &mut trace);
        Verdict { holds, trace, demand: demand(&deciding) }
    }

    /// Whether it holds, and the rules that made it so, each with whether it held.
    fn walk<'a>(&'a self, lead: &Lead, trace: &mut RuleTrace) -> (bool, Vec<(&'a Rule, bool)>) {
        match self {
            Condition::Rule(rule) => {
                let passed = rule.holds(lead);
                let actual = rule.actual(lead);
                trace.rules.push(TracedRule { rule: rule.text().clone(), actual, passed });
                (passed, vec![(rule, passed)])
            }
            Condition::All(members) => {
                let (stopped, deciding) = until(members, false, lead, trace);
                (!stopped, deciding)
            }
            Condition::Any(members) => {
                let (stopped, deciding) = until(members, true, lead, trace);
                (stopped || members.is_empty(), deciding)
            }
            Condition::None(members) => {
                let (stopped, deciding) = until(members, true, lead, trace);
                (!stopped, deciding)
            }
        }
    }

    /// How many rules it has.
    pub(crate) fn rules(&self) -> usize {
        match self {
            Condition::Rule(_) => 1,
            Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
                members.iter().map(Condition::rules).sum()
            }
        }
    }

    /// Whether each rule can be named in this vocabulary.
    pub(crate) fn belongs_to(&self, vocabulary: Vocabulary<'_>) -> bool {
        match self {
            Condition::Rule(rule) => rule.belongs_to(vocabulary),
            Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
                members.iter().all(|member| member.belongs_to(vocabulary))
            }
        }
    }
}

/// Looks at members until one answers `stop`. The one that stopped decides; else all did.
fn until<'a>(
    members: &'a [Condition],
    stop: bool,
    lead: &Lead,
    trace: &mut RuleTrace,
) -> (bool, Vec<(&'a Rule, bool)>) {
    let mut all = Vec::new();
    for member in members {
        let (holds, deciding) = member.walk(lead, trace);
        if holds == stop {
            return (true, deciding);
        }
        all.extend(deciding);
    }
    (false, all)
}

/// One sentence: what is asked for is the opposite of what each deciding rule found.
fn demand(deciding: &[(&Rule, bool)]) -> String {
    let mut sentence = String::new();
    for (rule, held) in deciding {
        let part = rule.sentence(!held);
        if sentence.len() + part.len() > DEMAND_BYTES_MAX {
            sentence.push_str(", or more");
            break;
        }
        if !sentence.is_empty() {
            sentence.push_str(", or ");
        }
        sentence.push_str(&part);
    }
    sentence
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Field, FieldType, Fields, Operator, Scalar, Value};

    fn fields() -> Fields {
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        Fields::new(vec![field("state", FieldType::State), field("age", FieldType::Number)]).unwrap()
    }

    fn state(codes: &str) -> Condition {
        Rule::new(&fields(), "lead.state", Operator::IncludedIn, Some(&Value::text(codes))).unwrap().into()
    }

    fn older(age: i32) -> Condition {
        let age = Value::from(crate::Number::from(age));
        Rule::new(&fields(), "lead.age", Operator::Greater, Some(&age)).unwrap().into()
    }

    fn lead(state: &str, age: &str) -> Lead {
        let raw =
            [("state", state), ("age", age)].map(|(name, raw)| (name.parse().unwrap(), Value::text(raw)));
        fields().parse(&raw.into_iter().collect())
    }

    /// `holds: demand [rule=passed, …]` for a Texan of 40.
    fn check(condition: &Condition, wanted: &str) {
        let verdict = condition.evaluate(&lead("TX", "40"));
        let rules: Vec<String> =
            verdict.trace.rules.iter().map(|rule| format!("{}={}", rule.rule, rule.passed)).collect();
        assert_eq!(format!("{}: {} [{}]", verdict.holds, verdict.demand, rules.join(", ")), wanted);
    }

    #[test]
    fn all_stops_at_the_first_that_fails() {
        check(
            &Condition::All(vec![state("OK"), older(50)]),
            "false: State must be included in OK [state is included in OK=false]",
        );
        check(
            &Condition::All(vec![state("TX"), older(50)]),
            "false: Age must be greater than 50 [state is included in TX=true, age is greater than 50=false]",
        );
        check(
            &Condition::All(vec![state("TX"), older(30)]),
            "true: State must not be included in TX, or Age must not be greater than 30 \
             [state is included in TX=true, age is greater than 30=true]",
        );
    }

    #[test]
    fn any_stops_at_the_first_that_holds_and_blames_all_when_none_does() {
        check(
            &Condition::Any(vec![state("TX"), older(50)]),
            "true: State must not be included in TX [state is included in TX=true]",
        );
        check(
            &Condition::Any(vec![state("OK"), older(50)]),
            "false: State must be included in OK, or Age must be greater than 50 \
             [state is included in OK=false, age is greater than 50=false]",
        );
    }

    #[test]
    fn none_fails_at_the_first_that_holds() {
        check(
            &Condition::None(vec![state("OK"), older(30)]),
            "false: Age must not be greater than 30 [state is included in OK=false, age is greater than 30=true]",
        );
        check(
            &Condition::None(vec![state("OK"), older(50)]),
            "true: State must be included in OK, or Age must be greater than 50 \
             [state is included in OK=false, age is greater than 50=false]",
        );
    }

    #[test]
    fn an_empty_group_holds() {
        for group in [Condition::All(vec![]), Condition::Any(vec![]), Condition::None(vec![])] {
            check(&group, "true:  []");
        }
    }

    #[test]
    fn the_trace_has_the_actual_value_and_the_sentence_has_not() {
        let verdict = state("OK").evaluate(&lead("Somewhere else", "40"));
        assert_eq!(verdict.trace.rules[0].actual, Scalar::Text("Somewhere else".into()));
        assert_eq!(verdict.demand, "State must be included in OK");
    }

    #[test]
    fn a_sentence_has_an_end() {
        let many = Condition::Any((0..2_000).map(|_| state("OK")).collect());
        let verdict = many.evaluate(&lead("TX", "40"));
        assert!(verdict.demand.len() < DEMAND_BYTES_MAX + 20 && verdict.demand.ends_with(", or more"));
    }

    fn any_condition() -> impl Strategy<Value = Condition> {
        let rule = prop_oneof![Just(state("TX")), Just(state("OK")), Just(older(30)), Just(older(50))];
        rule.prop_recursive(3, 20, 4, |inner| {
            let members = prop::collection::vec(inner, 1..4);
            prop_oneof![
                members.clone().prop_map(Condition::All),
                members.clone().prop_map(Condition::Any),
                members.prop_map(Condition::None),
            ]
        })
    }

    /// What a condition means, without short cuts.
    fn means(condition: &Condition, lead: &Lead) -> bool {
        match condition {
            Condition::Rule(rule) => rule.holds(lead),
            Condition::All(members) => members.iter().all(|member| means(member, lead)),
            Condition::Any(members) => members.iter().any(|member| means(member, lead)),
            Condition::None(members) => !members.iter().any(|member| means(member, lead)),
        }
    }

    proptest! {
        #[test]
        fn short_cuts_change_nothing(condition in any_condition()) {
            let lead = lead("TX", "40");
            let verdict = condition.evaluate(&lead);
            prop_assert_eq!(verdict.holds, means(&condition, &lead));
            prop_assert!(!verdict.demand.is_empty());
            prop_assert!(!verdict.demand.contains("40"));
        }
    }
}
