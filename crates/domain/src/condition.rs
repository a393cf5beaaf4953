//! Conditions: rules in groups, and how a lead fares under them.

use crate::{Rule, RuleTrace, Strictness, TracedRule, Variables, Vocabulary};

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
pub struct Verdict<'a> {
    /// Whether the condition holds. True when nothing in it was asked.
    pub holds: bool,
    /// Whether all of its rules were passed over, so that the condition says nothing about the lead.
    pub unknown: bool,
    /// The rules that were looked at, in order; the last of them decided.
    pub trace: RuleTrace,
    /// The rules that made it so, each with whether it held.
    deciding: Vec<(&'a Rule, bool)>,
}

/// Deepest nesting of groups: a rule alone has the depth 0, a group of rules 1.
pub const CONDITION_DEPTH_MAX: usize = 24;
/// Most bytes of a sentence made from a condition; it stands in the header of a record.
const DEMAND_BYTES_MAX: usize = 1_000;

impl From<Rule> for Condition {
    fn from(rule: Rule) -> Condition {
        Condition::Rule(Box::new(rule))
    }
}

impl Condition {
    /// Whether it holds for a parsed lead at a moment.
    pub fn holds(&self, variables: &Variables<'_>) -> bool {
        match self {
            Condition::Rule(rule) => rule.holds(variables),
            Condition::All(members) => members.iter().all(|member| member.holds(variables)),
            Condition::Any(members) => {
                members.is_empty() || members.iter().any(|member| member.holds(variables))
            }
            Condition::None(members) => !members.iter().any(|member| member.holds(variables)),
        }
    }

    /// The same with each rule that was looked at.
    pub fn evaluate(&self, strictness: Strictness, variables: &Variables<'_>) -> Verdict<'_> {
        let mut walk = Walk { strictness, variables, rules: Vec::new(), deciding: Vec::new() };
        let holds = walk.condition(self);
        let Walk { mut rules, deciding, .. } = walk;
        // What comes after the one that settles it is not looked at.
        if let Some(last) = rules.last_mut() {
            last.decided = true;
        }
        Verdict {
            holds: holds.unwrap_or(true),
            unknown: holds.is_none(),
            trace: RuleTrace { rules },
            deciding,
        }
    }

    /// Whether groups are nested deeper than [`CONDITION_DEPTH_MAX`].
    pub(crate) fn is_too_deep(&self) -> bool {
        self.is_deeper_than(CONDITION_DEPTH_MAX)
    }

    fn is_deeper_than(&self, depth: usize) -> bool {
        match self {
            Condition::Rule(_) => false,
            Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
                match depth.checked_sub(1) {
                    Some(depth) => members.iter().any(|member| member.is_deeper_than(depth)),
                    None => true,
                }
            }
        }
    }

    /// Shows each rule of it.
    pub(crate) fn each_rule<'a>(&'a self, show: &mut impl FnMut(&'a Rule)) {
        match self {
            Condition::Rule(rule) => show(rule),
            Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
                members.iter().for_each(|member| member.each_rule(show));
            }
        }
    }

    /// How many rules it has.
    pub fn rules(&self) -> usize {
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

impl Verdict<'_> {
    /// What the lead would have to do for the opposite to be the case, as a sentence made from
    /// the rules that decided: no values of the lead. Rules whose words are the same are told once. Empty when
    /// no rule decided.
    pub fn demand(&self) -> String {
        let mut sentence = String::new();
        let mut told: Vec<String> = Vec::new();
        // What is asked for is the opposite of what each found.
        for (rule, held) in &self.deciding {
            let part = rule.sentence(!held);
            if told.contains(&part) {
                continue;
            }
            if sentence.len() + part.len() > DEMAND_BYTES_MAX {
                sentence.push_str(", or more");
                break;
            }
            if !sentence.is_empty() {
                sentence.push_str(", or ");
            }
            sentence.push_str(&part);
            told.push(part);
        }
        sentence
    }
}

/// A condition being looked at.
struct Walk<'a, 'v> {
    strictness: Strictness,
    variables: &'v Variables<'v>,
    rules: Vec<TracedRule>,
    /// The rules that decided what was looked at so far.
    deciding: Vec<(&'a Rule, bool)>,
}

/// How the members of a group fared.
enum Members {
    /// One answered what ends the group.
    Stopped,
    /// None did, and some were asked, or there are none.
    Through,
    /// All were passed over.
    Unknown,
}

impl<'a> Walk<'a, '_> {
    /// Whether it holds; nothing when all of it is passed over.
    fn condition(&mut self, condition: &'a Condition) -> Option<bool> {
        match condition {
            Condition::Rule(rule) => {
                let traced = rule.traced(self.strictness, self.variables)?;
                let passed = traced.passed;
                self.rules.push(traced);
                self.deciding.push((rule, passed));
                Some(passed)
            }
            Condition::All(members) => match self.until(members, false) {
                Members::Stopped => Some(false),
                Members::Through => Some(true),
                Members::Unknown => None,
            },
            Condition::Any(members) => match self.until(members, true) {
                Members::Stopped => Some(true),
                Members::Through => Some(members.is_empty()),
                Members::Unknown => None,
            },
            Condition::None(members) => match self.until(members, true) {
                Members::Stopped => Some(false),
                Members::Through => Some(true),
                Members::Unknown => None,
            },
        }
    }

    /// Looks at members until one answers `stop`. The one that stopped decides; else all did.
    fn until(&mut self, members: &'a [Condition], stop: bool) -> Members {
        let first = self.deciding.len();
        let mut asked = members.is_empty();
        for member in members {
            let before = self.deciding.len();
            match self.condition(member) {
                Some(holds) if holds == stop => {
                    self.deciding.drain(first..before);
                    return Members::Stopped;
                }
                Some(_) => asked = true,
                None => {}
            }
        }
        if asked { Members::Through } else { Members::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Field, FieldType, Fields, Lead, Operator, Scalar, Value};

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

    fn evaluate<'a>(condition: &'a Condition, lead: &Lead) -> Verdict<'a> {
        condition.evaluate(Strictness::Whole, &Variables::of(lead))
    }

    fn lead(state: &str, age: &str) -> Lead {
        let raw =
            [("state", state), ("age", age)].map(|(name, raw)| (name.parse().unwrap(), Value::text(raw)));
        fields().parse(&raw.into_iter().collect(), crate::Timestamp::MAX)
    }

    /// `holds: demand [rule=passed, …]` for a Texan of 40.
    fn check(condition: &Condition, wanted: &str) {
        let verdict = evaluate(condition, &lead("TX", "40"));
        let rules: Vec<String> =
            verdict.trace.rules.iter().map(|rule| format!("{}={}", rule.rule, rule.passed)).collect();
        assert_eq!(format!("{}: {} [{}]", verdict.holds, verdict.demand(), rules.join(", ")), wanted);
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
        let condition = state("OK");
        let verdict = evaluate(&condition, &lead("Somewhere else", "40"));
        assert_eq!(verdict.trace.rules[0].actual, Scalar::Text("Somewhere else".into()));
        assert_eq!(verdict.demand(), "State must be included in OK");
    }

    /// Each list is hidden, so that both rules have the same words.
    #[test]
    fn a_sentence_says_nothing_twice() {
        let fields = Fields::new(vec![Field::new("product".parse().unwrap(), FieldType::String)]).unwrap();
        let product = |word| {
            let word = Value::text(word);
            Rule::new(&fields, "lead.product", Operator::IncludedIn, Some(&word)).unwrap().into()
        };
        let any = Condition::Any(vec![product("roof"), older(50), product("solar")]);
        let verdict = evaluate(&any, &lead("TX", "40"));
        assert_eq!(
            verdict.demand(),
            "Product must be included in the given list, or Age must be greater than 50"
        );
    }

    #[test]
    fn a_sentence_has_an_end() {
        let many = Condition::Any((50..2_050).map(older).collect());
        let verdict = evaluate(&many, &lead("TX", "40"));
        assert!(verdict.demand().len() < DEMAND_BYTES_MAX + 20 && verdict.demand().ends_with(", or more"));
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
            Condition::Rule(rule) => rule.holds(&Variables::of(lead)),
            Condition::All(members) => members.iter().all(|member| means(member, lead)),
            Condition::Any(members) => members.iter().any(|member| means(member, lead)),
            Condition::None(members) => !members.iter().any(|member| means(member, lead)),
        }
    }

    fn checks_out(condition: &Condition, lead: &Lead) -> bool {
        evaluate(condition, lead).holds
    }

    fn members() -> impl Strategy<Value = Vec<Condition>> {
        prop::collection::vec(any_condition(), 1..5)
    }

    proptest! {
        #[test]
        fn short_cuts_change_nothing(condition in any_condition()) {
            let lead = lead("TX", "40");
            let verdict = evaluate(&condition, &lead);
            prop_assert_eq!(verdict.holds, means(&condition, &lead));
            prop_assert_eq!(condition.holds(&Variables::of(&lead)), verdict.holds);
            prop_assert!(!verdict.demand().is_empty());
            prop_assert!(!verdict.demand().contains("40"));
            // One rule decided: the last that was looked at.
            let decided: Vec<bool> = verdict.trace.rules.iter().map(|rule| rule.decided).collect();
            prop_assert_eq!(decided.iter().filter(|decided| **decided).count(), 1);
            prop_assert_eq!(decided.last(), Some(&true));
            prop_assert!(!verdict.unknown);
        }

        #[test]
        fn none_is_the_opposite_of_any_and_all_of_any_of_opposites(members in members()) {
            let lead = lead("TX", "40");
            let any = checks_out(&Condition::Any(members.clone()), &lead);
            let none = checks_out(&Condition::None(members.clone()), &lead);
            prop_assert_ne!(any, none);
            let not = |member: Condition| Condition::None(vec![member]);
            let all = checks_out(&Condition::All(members.clone()), &lead);
            let some_does_not = checks_out(&Condition::Any(members.into_iter().map(not).collect()), &lead);
            prop_assert_ne!(all, some_does_not);
        }

        #[test]
        fn order_does_not_change_the_result(members in members(), turn in 0..5_usize) {
            let lead = lead("TX", "40");
            let mut turned = members.clone();
            turned.rotate_left(turn % members.len());
            turned.reverse();
            for group in [Condition::All, Condition::Any, Condition::None] {
                prop_assert_eq!(checks_out(&group(members.clone()), &lead), checks_out(&group(turned.clone()), &lead));
            }
        }

        /// What is passed over is as if it did not stand there.
        #[test]
        fn rules_that_are_passed_over_change_nothing(condition in any_condition()) {
            let partial: Lead = lead("TX", "40").iter().filter(|(path, _)| path.as_str() != "age")
                .map(|(path, value)| (path.clone(), value.clone())).collect();
            let partial: Lead = partial.iter().filter(|(path, _)| !path.as_str().starts_with("age."))
                .map(|(path, value)| (path.clone(), value.clone())).collect();
            let variables = Variables::of(&partial);
            let verdict = condition.evaluate(Strictness::Partial, &variables);
            match without(&condition, "age") {
                None => {
                    prop_assert!(verdict.unknown && verdict.holds);
                    prop_assert!(verdict.trace.rules.is_empty() && verdict.demand().is_empty());
                }
                Some(rest) => {
                    let wanted = rest.evaluate(Strictness::Whole, &variables);
                    prop_assert_eq!(&verdict.trace, &wanted.trace);
                    prop_assert_eq!((verdict.holds, verdict.demand()), (wanted.holds, wanted.demand()));
                }
            }
        }
    }

    /// The condition less the rules on a field.
    fn without(condition: &Condition, field: &str) -> Option<Condition> {
        let rest = |members: &[Condition]| {
            let rest: Vec<Condition> = members.iter().filter_map(|member| without(member, field)).collect();
            (!rest.is_empty() || members.is_empty()).then_some(rest)
        };
        match condition {
            Condition::Rule(rule) => (!rule.text().starts_with(field)).then(|| condition.clone()),
            Condition::All(members) => rest(members).map(Condition::All),
            Condition::Any(members) => rest(members).map(Condition::Any),
            Condition::None(members) => rest(members).map(Condition::None),
        }
    }

    #[test]
    fn groups_may_be_nested_so_deep_and_no_deeper() {
        let nested = |depth: usize| (0..depth).fold(state("TX"), |inner, _| Condition::All(vec![inner]));
        assert!(!nested(CONDITION_DEPTH_MAX).is_too_deep());
        assert!(nested(CONDITION_DEPTH_MAX + 1).is_too_deep());
        assert!(nested(10_000).is_too_deep());
    }
}
