//! What stands before a lead enters, and before a buyer is asked, besides rules: hours, duplicates, lists,
//! caps, limits of pings.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Against, CAP_EVERY_MAX, CAP_LEADS_MAX, CAP_SPEND_MAX, CAPS_MAX, Cap, CapLimit, CapPeriod, CapUnit,
    Condition, DUPLICATE_RULES_MAX, DUPLICATE_WINDOW_MAX, DuplicateRule, DuplicateScope, Hours, ListName,
    Money, PING_LIMITS_MAX, PingLimit, SUPPRESS_MAX, SuppressRule, TimeZone, slug,
};

use super::keys::{self, Keys};
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};

/// How long an earlier lead may count.
const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=DUPLICATE_WINDOW_MAX;
/// Most stretches of one key of hours.
pub(super) const STRETCHES_MAX: usize = 20;

/// Whose caps or limits are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The first part of ids: `flow_solar`, `flow_solar.src_web`, `flow_solar.premier`, `buyer_premier`.
    pub(super) id: &'a str,
    /// Whose clocks count where nothing else is said.
    pub(super) zone: &'a TimeZone,
    /// What a condition may look at; none where there can be no condition.
    pub(super) names: Option<Names<'a>>,
}

impl Reader {
    /// The time zone of a part; none when it names none.
    pub(super) fn own_zone(&mut self, part: &Part<'_>) -> Option<Option<TimeZone>> {
        part.get("time_zone").map_or(Some(None), |node| self.time_zone(node).map(Some))
    }

    /// The hours of a part; none when there are none.
    pub(super) fn hours(&mut self, part: &Part<'_>) -> Option<Option<Hours>> {
        let Some(node) = part.get("hours") else { return Some(None) };
        let before = self.problems.len();
        let members = self.map(node, "\"hours\"")?;
        let mut days: Vec<(&str, Vec<&str>)> = Vec::new();
        for member in members {
            let Kind::List(nodes) = &member.value.kind else {
                let message = format!(
                    "the hours of {:?} must be a list such as [ \"08:00-20:00\" ], not {}",
                    member.key.chars().take(40).collect::<String>(),
                    member.value.describe()
                );
                self.problem(member.line, message);
                continue;
            };
            self.fits(member.line, "stretches of a day", nodes.len(), STRETCHES_MAX);
            let stretches = nodes.iter().filter_map(|node| self.text(node, "hours")).collect();
            days.push((member.key.as_str(), stretches));
        }
        if self.problems.len() > before {
            return None;
        }
        let days = days.iter().map(|(day, stretches)| (*day, stretches.iter().copied()));
        Hours::read(days).map_err(|error| self.problem(node.line, error)).ok().map(Some)
    }

    pub(super) fn duplicates(&mut self, node: Option<&Node>, names: Names<'_>) -> Option<Vec<DuplicateRule>> {
        let before = self.problems.len();
        let rules = self.list(node, "duplicates", |reader, node| reader.duplicate(node, names));
        self.fits(line(node), "rules for duplicates", rules.len(), DUPLICATE_RULES_MAX);
        (self.problems.len() == before).then_some(rules)
    }

    fn duplicate(&mut self, node: &Node, names: Names<'_>) -> Option<DuplicateRule> {
        let part = self.part(node, &keys::DUPLICATE)?;
        let name = self.needed(&part, "name").and_then(|node| self.named(node));
        let key = self.needed(&part, "key").and_then(|node| self.template(node, "key", names));
        let window = self.needed(&part, "window").and_then(|node| self.duration(node, "window", WINDOWS));
        let scope = part
            .get("scope")
            .map_or(Some(DuplicateScope::default()), |node| self.word(node, "scope", &DuplicateScope::ALL));
        let against = part
            .get("against")
            .map_or(Some(Against::default()), |node| self.word(node, "against", &Against::ALL));
        let (name, slug) = name?;
        Some(DuplicateRule { name, slug, key: key?, window: window?, scope: scope?, against: against? })
    }

    pub(super) fn suppress(&mut self, node: Option<&Node>, names: Names<'_>) -> Option<Vec<SuppressRule>> {
        let before = self.problems.len();
        let rules = self.list(node, "suppress", |reader, node| {
            let part = reader.part(node, &keys::SUPPRESS)?;
            let list = reader.needed(&part, "list").and_then(|node| reader.parse_text(node, "list"));
            let value = reader.needed(&part, "value").and_then(|node| reader.template(node, "value", names));
            let reason = part.get("reason").map_or(Some(None), |node| reader.reason(node).map(Some));
            Some(SuppressRule { list: list?, value: value?, reason: reason? })
        });
        self.fits(line(node), "lists to look at", rules.len(), SUPPRESS_MAX);
        (self.problems.len() == before).then_some(rules)
    }

    /// The names of lists that a file makes.
    pub(super) fn list_names(&mut self, node: Option<&Node>) -> Vec<ListName> {
        self.list(node, "lists", |reader, node| reader.parse_text(node, "a list"))
    }

    pub(super) fn caps(&mut self, part: &Part<'_>, owner: Owner<'_>) -> Option<Vec<Cap>> {
        let before = self.problems.len();
        let node = part.get("caps");
        let caps = self.list(node, "caps", |reader, node| reader.cap(node, owner));
        self.fits(line(node), "caps", caps.len(), CAPS_MAX);
        (self.problems.len() == before).then_some(caps)
    }

    fn cap(&mut self, node: &Node, owner: Owner<'_>) -> Option<Cap> {
        let keys: &'static Keys = if owner.names.is_some() { &keys::CAP } else { &keys::ENTITY_CAP };
        let part = self.part(node, keys)?;
        let name = self.needed(&part, "name").and_then(|node| self.named(node));
        let limit = self.cap_limit(&part);
        let period = self.cap_period(&part, owner.zone);
        let when: Option<Option<Condition>> = match owner.names {
            Some(names) => self.when(&part, names),
            None => Some(None),
        };
        let reason = part.get("reason").map_or(Some(None), |node| self.reason(node).map(Some));
        let (name, slug) = name?;
        let id: Arc<str> = format!("{}/{slug}", owner.id).into();
        Some(Cap { id, name, limit: limit?, period: period?, when: when?, reason: reason? })
    }

    fn cap_limit(&mut self, part: &Part<'_>) -> Option<CapLimit> {
        match (part.get("max_leads"), part.get("max_spend")) {
            (Some(node), None) => self.count(node, "max_leads", 0..=CAP_LEADS_MAX).map(CapLimit::Leads),
            (None, Some(node)) => {
                let (Kind::Number(text) | Kind::Text(text)) = &node.kind else {
                    let message = format!("\"max_spend\" must be an amount, not {}", node.describe());
                    self.problem(node.line, message);
                    return None;
                };
                let amount: Money = self.parse(node.line, text)?;
                if !(Money::ZERO..=CAP_SPEND_MAX).contains(&amount) {
                    let message =
                        format!("\"max_spend\" is {amount}, but a budget is from 0 to {CAP_SPEND_MAX}");
                    self.problem(node.line, message);
                    return None;
                }
                Some(CapLimit::Spend(amount))
            }
            (None, None) | (Some(_), Some(_)) => {
                let what = part.what();
                let message = format!("{what} has one of the keys \"max_leads\" and \"max_spend\"");
                self.problem(part.line, message);
                None
            }
        }
    }

    fn cap_period(&mut self, part: &Part<'_>, zone: &TimeZone) -> Option<CapPeriod> {
        let units = CapUnit::ALL.map(|unit| (unit.as_str(), unit));
        let unit = self.needed(part, "per").and_then(|node| self.word(node, "per", &units));
        let every = part.get("every").map_or(Some(1), |node| self.count(node, "every", 1..=CAP_EVERY_MAX));
        let own = self.own_zone(part);
        Some(CapPeriod { unit: unit?, every: every?, zone: own?.unwrap_or_else(|| zone.clone()) })
    }

    pub(super) fn ping_limits(&mut self, part: &Part<'_>, owner: Owner<'_>) -> Option<Vec<PingLimit>> {
        let before = self.problems.len();
        let node = part.get("ping_limits");
        let limits = self.list(node, "ping_limits", |reader, node| {
            let part = reader.part(node, &keys::PING_LIMIT)?;
            let name = reader.needed(&part, "name").and_then(|node| reader.named(node));
            let max =
                reader.needed(&part, "max").and_then(|node| reader.count(node, "max", 0..=CAP_LEADS_MAX));
            let period = reader.cap_period(&part, owner.zone);
            let (name, slug) = name?;
            let id: Arc<str> = format!("{}/{slug}", owner.id).into();
            Some(PingLimit { id, name, max: max?, period: period? })
        });
        self.fits(line(node), "limits of pings", limits.len(), PING_LIMITS_MAX);
        (self.problems.len() == before).then_some(limits)
    }

    /// A name that becomes part of an id.
    fn named(&mut self, node: &Node) -> Option<(Arc<str>, Arc<str>)> {
        let name = self.name(node)?;
        let Some(slug) = slug(&name) else {
            self.problem(
                node.line,
                "the name becomes part of an id and needs a letter or digit of a-z and 0-9",
            );
            return None;
        };
        Some((name, slug.into()))
    }
}

/// Where a list stands that may be left out.
fn line(node: Option<&Node>) -> u64 {
    node.map_or(1, |node| node.line)
}
