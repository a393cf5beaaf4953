//! Conditions: groups and rules, and the checks they make.

use domain::{Check, CheckTest, Condition, Operator, Rule, RuleFault, Scalar, Value};

use super::keys;
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
        let members = self.map(node, "a condition")?;
        let group = members.iter().find(|member| keys::GROUPS.contains(&member.key.as_str()));
        let Some(group) = group else {
            let part = self.part(node, &keys::RULE)?;
            return self.rule(&part, names).map(Condition::from);
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
        let read: Vec<Condition> = nodes.iter().filter_map(|node| self.condition(node, names)).collect();
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
        let is_raw = matches!(names, Names::Raw);
        let later = ["secret.", "feedback."].iter().any(|start| place.starts_with(start));
        if place.contains("{{") || later && !is_raw {
            self.not_supported(part.line, format!("a rule on {place}"));
            return None;
        }
        // Without good fields each rule would be told to be wrong.
        match Rule::new(names.vocabulary()?, place, operator, operand.as_ref()) {
            Ok(rule) => Some(rule),
            Err(error) => {
                let hint = match &error.fault {
                    RuleFault::Place(place) if names.is_told(place) => return None,
                    RuleFault::Place(place) => names.hint(place),
                    RuleFault::Operator { .. }
                    | RuleFault::NoValue
                    | RuleFault::NeedlessValue
                    | RuleFault::List
                    | RuleFault::Value { .. }
                    | RuleFault::TooMany { .. }
                    | RuleFault::TooLong { .. }
                    | RuleFault::Pattern(_) => String::new(),
                };
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
        if keys::OPERATORS_LATER.contains(&text) {
            self.not_supported(node.line, format!("the operator {text:?}"));
            return None;
        }
        let names = Operator::ALL.into_iter().flat_map(|operator| [operator.as_str(), operator.short()]);
        text.parse().map_err(|error| self.unknown(node.line, error, text, names)).ok()
    }

    fn operand(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::List(nodes) => {
                let read: Vec<Scalar> = nodes.iter().filter_map(|node| self.scalar(node)).collect();
                (read.len() == nodes.len()).then(|| Value::List(read.into()))
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => {
                self.scalar(node).map(Value::Scalar)
            }
        }
    }

    fn scalar(&mut self, node: &Node) -> Option<Scalar> {
        match &node.kind {
            Kind::Text(text) if text.contains("{{") => {
                self.not_supported(node.line, "a template in the value of a rule");
                None
            }
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
