//! Conditions: groups and rules, and the checks they make.

use domain::{
    CONDITION_DEPTH_MAX, Check, CheckTest, Condition, Operator, Rule, RuleFault, Scalar, TemplateFault, Value,
};

use super::keys::{self, nearest};
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};
use super::templates::number;

impl Reader {
    /// `require` or `exclude`, and `reason`.
    pub(super) fn check(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<Check> {
        let reason = part.get("reason").map_or(Some(None), |node| self.reason(node).map(Some));
        let test = match (part.get("require"), part.get("exclude")) {
            (Some(node), None) => self.condition(node, names).map(CheckTest::Require),
            (None, Some(node)) => self.condition(node, names).map(CheckTest::Exclude),
            (None, None) | (Some(_), Some(_)) => {
                let what = part.what();
                self.problem(part.line, format!("{what} has one of the keys \"require\" and \"exclude\""));
                None
            }
        };
        Some(Check { test: test?, reason: reason? })
    }

    /// The condition under `when`; nothing when there is none.
    pub(super) fn when(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<Option<Condition>> {
        part.get("when").map_or(Some(None), |node| self.condition(node, names).map(Some))
    }

    /// A group `all`, `any` or `none`, or one rule.
    pub(super) fn condition(&mut self, node: &Node, names: Names<'_>) -> Option<Condition> {
        self.condition_within(node, names, CONDITION_DEPTH_MAX)
    }

    fn condition_within(&mut self, node: &Node, names: Names<'_>, depth: usize) -> Option<Condition> {
        let members = self.map(node, "a condition")?;
        let group = members.iter().find(|member| keys::GROUPS.contains(&member.key.as_str()));
        let Some(group) = group else {
            let part = self.part(node, &keys::RULE)?;
            return self.rule(&part, names).map(Condition::from);
        };
        let Some(depth) = depth.checked_sub(1) else {
            let message = format!("groups are nested more than {CONDITION_DEPTH_MAX} deep");
            self.problem(group.line, message);
            return None;
        };
        if members.len() > 1 {
            self.problem(
                node.line,
                "a group has one key: all, any or none; put groups within each other to combine them",
            );
            return None;
        }
        let Kind::List(nodes) = &group.value.kind else {
            self.problem(
                group.line,
                format!("{:?} must be a list of conditions, not {}", group.key, group.value.describe()),
            );
            return None;
        };
        let read: Vec<Condition> =
            nodes.iter().filter_map(|node| self.condition_within(node, names, depth)).collect();
        if read.len() < nodes.len() {
            return None;
        }
        Some(match group.key.as_str() {
            "all" => Condition::All(read),
            "any" => Condition::Any(read),
            _ => Condition::None(read),
        })
    }

    fn rule(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<Rule> {
        let place = self.needed(part, "field").and_then(|node| self.text(node, "field"));
        let operator = self.needed(part, "op").and_then(|node| self.operator(node));
        let operand = part.get("value").map_or(Some(None), |node| self.operand(node).map(Some));
        let (place, operator, operand) = (place?, operator?, operand?);
        // Without good fields each rule would be told to be wrong.
        let make = if self.is_published { Rule::of_published } else { Rule::new };
        match make(names.vocabulary()?, place, operator, operand.as_ref()) {
            Ok(rule) => Some(rule),
            Err(error) => {
                let unknown =
                    match &error.fault {
                        RuleFault::Place(place) => Some(place),
                        RuleFault::Template(template) => {
                            if let TemplateFault::Place(place) = &template.fault { Some(place) } else { None }
                        }
                        RuleFault::Operator { .. }
                        | RuleFault::NoValue
                        | RuleFault::NeedlessValue
                        | RuleFault::List
                        | RuleFault::Value { .. }
                        | RuleFault::Undeclared { .. }
                        | RuleFault::TooMany { .. }
                        | RuleFault::TooLong { .. }
                        | RuleFault::Bounds { .. }
                        | RuleFault::Window { .. }
                        | RuleFault::Pattern(_)
                        | RuleFault::PatternSize(_) => None,
                    };
                if unknown.is_some_and(|place| names.is_told(place)) {
                    return None;
                }
                let hint = unknown.map(|place| names.hint(place)).unwrap_or_default();
                self.problem(part.line, format!("{error}{hint}"));
                None
            }
        }
    }

    fn operator(&mut self, node: &Node) -> Option<Operator> {
        let text = match &node.kind {
            // The short names `true` and `false` are booleans to YAML.
            Kind::Bool(true) => "true",
            Kind::Bool(false) => "false",
            Kind::Null | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                self.text(node, "op")?
            }
        };
        text.parse()
            .map_err(|error| {
                let hint = meant_operator(text).map_or_else(
                    || {
                        let names: Vec<&str> = Operator::ALL.into_iter().map(Operator::as_str).collect();
                        format!("; the operators are: {}", names.join(", "))
                    },
                    |meant| format!("; did you mean {:?}?", meant.as_str()),
                );
                self.problem(node.line, format!("{error}{hint}"));
            })
            .ok()
    }

    fn operand(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::List(nodes) => {
                let read: Vec<Scalar> = nodes.iter().filter_map(|node| self.scalar(node)).collect();
                (read.len() == nodes.len()).then(|| Value::List(read.into()))
            }
            Kind::Map(members) if members.iter().any(|member| keys::WINDOW.known.contains(&&*member.key)) => {
                self.window(node)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => {
                self.scalar(node).map(Value::Scalar)
            }
        }
    }

    /// `{ amount: 30, unit: days }` is `30 days`.
    fn window(&mut self, node: &Node) -> Option<Value> {
        let part = self.part(node, &keys::WINDOW)?;
        let amount = self.needed(&part, "amount").and_then(|node| self.scalar(node));
        let unit = self.needed(&part, "unit").and_then(|node| self.text(node, "unit"));
        let amount = match amount? {
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text.to_string(),
            Scalar::Null | Scalar::Bool(_) => String::new(),
        };
        Some(Value::text(format!("{amount} {}", unit?)))
    }

    fn scalar(&mut self, node: &Node) -> Option<Scalar> {
        match &node.kind {
            Kind::Text(text) => Some(Scalar::Text(text.as_str().into())),
            Kind::Bool(value) => Some(Scalar::Bool(*value)),
            // Beyond what stays exact, a number is compared as text.
            Kind::Number(text) => Some(number(text)),
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.problem(
                    node.line,
                    format!(
                        "a rule compares with text, numbers or true and false, not with {}",
                        node.describe()
                    ),
                );
                None
            }
        }
    }
}

/// The operator that was meant: by its name without the first words, by what other tools call it, or by
/// a misspelling that is nearer to its name than to that of its opposite.
fn meant_operator(text: &str) -> Option<Operator> {
    const ELSEWHERE: [(&str, Operator); 24] = [
        ("=", Operator::Equal),
        ("==", Operator::Equal),
        ("equal", Operator::Equal),
        ("equals", Operator::Equal),
        ("is", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("is not", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
        ("one of", Operator::IncludedIn),
        ("is in", Operator::IncludedIn),
        ("is one of", Operator::IncludedIn),
        ("not in", Operator::NotIncludedIn),
        ("contains", Operator::Includes),
        ("empty", Operator::Blank),
        ("is empty", Operator::Blank),
        ("regex", Operator::Matches),
        ("is present", Operator::NotBlank),
        ("in the last", Operator::WithinLast),
        ("within last", Operator::WithinLast),
        ("in the next", Operator::WithinNext),
        ("profane", Operator::Obscene),
    ];
    let text: String = text.trim().chars().take(60).collect::<String>().to_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == text).map(|(_, operator)| *operator);
    let bare = text.strip_prefix("is ").unwrap_or(&text).replace(' ', "_");
    let near = || {
        let long = nearest(&text, Operator::ALL.map(Operator::as_str))?;
        Operator::ALL.into_iter().find(|operator| operator.as_str() == long)
    };
    let short = || {
        let short = nearest(&bare, Operator::ALL.map(Operator::short))?;
        Operator::ALL.into_iter().find(|operator| operator.short() == short)
    };
    elsewhere.or_else(|| bare.parse().ok()).or_else(short).or_else(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_known_by_what_other_tools_call_it_and_never_mistaken_for_its_opposite() {
        for (text, wanted) in [
            ("is valid", "format is valid"),
            ("is vald", "format is valid"),
            ("is invald", "format is invalid"),
            ("equals", "is equal to"),
            ("==", "is equal to"),
            ("contains", "includes"),
            ("is les than", "is less than"),
            ("inn", "is included in"),
            ("Is Not Blnk", "is not blank"),
        ] {
            assert_eq!(meant_operator(text).map(Operator::as_str), Some(wanted), "{text}");
        }
        assert_eq!(meant_operator("resembles greatly"), None);
    }
}
