//! What is done with an accepted lead.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{
    ATTEMPTS_MAX, BACKOFF_MAX, Condition, DEFAULT_BACKOFF, DEFAULT_TIMEOUT, EarlierStep, Ending, Enhancement,
    EntityId, FeedbackPolicy, Filter, Integration, Limits, OnFail, Recipient, RecipientGates, RetryPolicy,
    SalePrice, SlotRule, Step, StepId, StepKind, TIMEOUT_MAX, TestRule, TimeZone,
};

use super::gates::Owner;
use super::keys;
use super::names::{Names, assumed};
use super::node::{Kind, Node};
use super::reader::{Part, Reader};
use super::responses::ENDINGS;

const MILLISECOND: Duration = Duration::from_millis(1);
/// How long a step may give another party.
const TIMEOUTS: RangeInclusive<Duration> = MILLISECOND..=TIMEOUT_MAX;
/// How long a retry may wait.
const WAITS: RangeInclusive<Duration> = MILLISECOND..=BACKOFF_MAX;

/// The words of `on_error` and `on_unknown`.
const SLOT_RULES: [(&str, SlotRule); 2] = [("next", SlotRule::Next), ("hold", SlotRule::Hold)];
/// The words of `test`.
const TESTS: [(&str, TestRule); 2] = [("deliver", TestRule::Deliver), ("simulate", TestRule::Simulate)];

/// Where steps stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home<'a> {
    /// The id of their flow.
    pub(super) flow: &'a str,
    /// Its clocks.
    pub(super) zone: &'a TimeZone,
    /// What comes before them.
    pub(super) earlier: &'a [EarlierStep],
}

impl Reader {
    /// The steps that could be read. What one appends can be named by those after it.
    pub(super) fn steps(&mut self, node: Option<&Node>, names: Names<'_>, home: Home<'_>) -> Vec<Step> {
        let mut earlier: Vec<EarlierStep> = Vec::new();
        self.list(node, "steps", |reader, node| {
            let step = reader.step(node, names.after(&earlier), Home { earlier: &earlier, ..home });
            match &step {
                Some(step) => {
                    let (own, recipients) = (step.as_earlier(), step.with_recipients().skip(1));
                    earlier.extend(recipients.filter_map(Step::as_earlier).chain(own));
                }
                None => earlier.extend(assumed(node)),
            }
            step
        })
    }

    fn step(&mut self, node: &Node, names: Names<'_>, home: Home<'_>) -> Option<Step> {
        // What a step may say depends on its kind, so that is looked at first.
        let members = self.map(node, "a step")?;
        let kind = members.iter().find(|member| member.key == "kind").map(|member| &member.value.kind);
        let Some(Kind::Text(kind)) = kind else {
            let kinds = keys::STEP_KINDS.join(", ");
            self.problem(node.line, format!("a step needs the key \"kind\"; it is one of {kinds}"));
            return None;
        };
        match kind.as_str() {
            "filter" => self.filter(node, names),
            "enhancement" => self.enhancement(node, names),
            "recipient" => self.recipient(node, names, &keys::RECIPIENT, home),
            "distribute" => self.distribute(node, names, home),
            text => {
                let kinds = keys::STEP_KINDS;
                let shown: String = text.chars().take(60).collect();
                self.unknown(node.line, format!("{shown:?} is not a kind of step"), text, kinds);
                None
            }
        }
    }

    fn filter(&mut self, node: &Node, names: Names<'_>) -> Option<Step> {
        let part = self.part(node, &keys::FILTER)?;
        let head = self.head(&part, names);
        let check = self.check(&part, names);
        let stops = part
            .get("on_fail")
            .map_or(Some(true), |node| self.word(node, "on_fail", &[("stop", true), ("continue", false)]));
        let outcome =
            part.get("outcome").map_or(Some(Ending::default()), |node| self.word(node, "outcome", &ENDINGS));
        if let (Some(false), Some(node)) = (stops, part.get("outcome")) {
            self.problem(node.line, "\"outcome\" says how a flow ends, but \"on_fail: continue\" goes on");
            return None;
        }
        let on_fail = if stops? { OnFail::Stop(outcome?) } else { OnFail::Continue };
        Some(head?.step(StepKind::Filter(Filter { check: check?, on_fail })))
    }

    fn enhancement(&mut self, node: &Node, names: Names<'_>) -> Option<Step> {
        let part = self.part(node, &keys::ENHANCEMENT)?;
        let head = self.head(&part, names);
        let entity_id = self.party(&part, &["svc_"], "an enhancement asks a service (svc_…)");
        let request = self.request(&part, names);
        let response = self.response(&part, &keys::ENHANCEMENT_RESPONSE);
        let timeout = self.timeout(&part);
        if let (Some(request), Some(node)) = (&request, part.get("integration"))
            && request.integration == Integration::Email
        {
            self.problem(
                node.line,
                "email answers nothing that could be added to a lead; it is for recipients",
            );
        }
        let enhancement =
            Enhancement { entity_id: entity_id?, request: request?, response: response?, timeout: timeout? };
        Some(head?.step(StepKind::Enhancement(Box::new(enhancement))))
    }

    /// A recipient, in a group or alone as `keys` says. What its ping brings its request can name.
    pub(super) fn recipient(
        &mut self,
        node: &Node,
        names: Names<'_>,
        keys: &'static keys::Keys,
        home: Home<'_>,
    ) -> Option<Step> {
        let part = self.part(node, keys)?;
        let head = self.head(&part, names);
        let ping = part.get("ping").map_or(Some(None), |node| self.ping(node, &part, names).map(Some));
        let mut with_ping = home.earlier.to_vec();
        if part.get("ping").is_some() {
            with_ping.push(EarlierStep { id: ping_id(), values: Vec::new() });
        }
        let lead_names = names;
        let names = names.after(&with_ping);
        let wanted = "a recipient is a buyer (buyer_…) or a service (svc_…)";
        let entity_id = self.party(&part, &["buyer_", "svc_"], wanted);
        let request = self.request(&part, names);
        let response = self.response(&part, &keys::RECIPIENT_RESPONSE);
        let timeout = self.timeout(&part);
        let price =
            part.get("price").map_or(Some(SalePrice::default()), |node| self.sale_price(node, lead_names));
        let retry = part.get("retry").map_or(Some(RetryPolicy::default()), |node| self.retry(node));
        let feedback =
            part.get("feedback").map_or(Some(FeedbackPolicy::default()), |node| self.feedback(node));
        let on_revoked =
            part.get("on_revoked").map_or(Some(None), |node| self.on_revoked(node, lead_names).map(Some));
        let is_copy =
            part.get("counts_as").map_or(Some(false), |node| self.word(node, "counts_as", &[("copy", true)]));
        let on_error = part
            .get("on_error")
            .map_or(Some(SlotRule::Next), |node| self.word(node, "on_error", &SLOT_RULES));
        let on_unknown = part
            .get("on_unknown")
            .map_or(Some(SlotRule::Hold), |node| self.word(node, "on_unknown", &SLOT_RULES));
        let test = part.get("test").map_or(Some(TestRule::default()), |node| self.word(node, "test", &TESTS));
        let weight =
            part.get("weight").map_or(Some(1), |node| self.count(node, "weight", 0..=domain::WEIGHT_MAX));
        if let (Some(SalePrice::FromReply { .. }), Some(response)) = (&price, &response)
            && response.price.is_none()
        {
            let line = part.get("price").map_or(part.line, |node| node.line);
            self.problem(line, "\"from: reply\" needs \"price\" in the response, which says where it stands");
        }
        if let (None, Some(response), false) = (part.get("price"), &response, self.is_published)
            && response.price.is_some()
        {
            let line = part.get("response").map_or(part.line, |node| node.line);
            self.problem(
                line,
                "the response has a \"price\", but the step has none, so that the lead would be sold for nothing; \
                 write price: { from: reply }, or price: { fixed: 0 } if that is meant",
            );
        }
        let hours = self.hours(&part);
        let owner = format!("{}.{}", home.flow, head.as_ref().map_or("", |head| head.id.as_str()));
        let caps = self.caps(&part, Owner { id: &owner, zone: home.zone, names: Some(lead_names) });
        let max_price = part.get("price").map_or(Some(None), |node| self.max_price(node));
        let gates = || Some(RecipientGates { hours: hours?, caps: caps?, max_price: max_price? });
        let gates = gates();
        let recipient = Recipient {
            entity_id: entity_id?,
            request: request?,
            response: response?,
            timeout: timeout?,
            price: price?,
            retry: retry?,
            feedback: feedback?,
            on_revoked: on_revoked?,
            is_copy: is_copy?,
            gates: gates?,
            weight: weight?,
            ping: ping?,
            on_error: on_error?,
            on_unknown: on_unknown?,
            test: test?,
        };
        Some(head?.step(StepKind::Recipient(Box::new(recipient))))
    }

    /// What every step has.
    pub(super) fn head(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<Head> {
        let id = self.needed(part, "id").and_then(|node| self.parse_text(node, "id"));
        let enabled = part.get("enabled").map_or(Some(true), |node| self.boolean(node, "enabled"));
        let when = self.when(part, names);
        let limits =
            part.get("limits").map_or(Some(Limits::default()), |node| self.limits(node, &keys::STEP_LIMITS));
        Some(Head { id: id?, enabled: enabled?, when: when?, limits: limits? })
    }

    /// The other party, by the beginning of its id.
    fn party(&mut self, part: &Part<'_>, prefixes: &[&str], wanted: &str) -> Option<EntityId> {
        let node = self.needed(part, "entity")?;
        let id: EntityId = self.parse_text(node, "entity")?;
        if !prefixes.iter().any(|prefix| id.as_str().starts_with(prefix)) {
            self.problem(node.line, format!("{wanted}, but this is {id}"));
            return None;
        }
        Some(id)
    }

    pub(super) fn timeout(&mut self, part: &Part<'_>) -> Option<Duration> {
        part.get("timeout").map_or(Some(DEFAULT_TIMEOUT), |node| self.duration(node, "timeout", TIMEOUTS))
    }

    pub(super) fn retry(&mut self, node: &Node) -> Option<RetryPolicy> {
        let before = self.problems.len();
        let part = self.part(node, &keys::RETRY)?;
        let attempts =
            self.needed(&part, "attempts").and_then(|node| self.count(node, "attempts", 1..=ATTEMPTS_MAX));
        let backoff = match part.get("backoff") {
            None => DEFAULT_BACKOFF.to_vec(),
            Some(node) => {
                let waits =
                    self.list(Some(node), "backoff", |reader, node| reader.duration(node, "backoff", WAITS));
                if waits.is_empty() && self.problems.len() == before {
                    self.problem(node.line, "\"backoff\" needs a wait, such as 10s");
                }
                let max = usize::try_from(ATTEMPTS_MAX).unwrap_or(usize::MAX);
                self.fits(node.line, "waits", waits.len(), max);
                waits
            }
        };
        let attempts = attempts?;
        (self.problems.len() == before).then_some(RetryPolicy { attempts, backoff })
    }
}

/// What ping replies stand under in the templates of their own recipient.
fn ping_id() -> StepId {
    "ping".parse().expect("it is an id")
}

/// What every step has.
pub(super) struct Head {
    id: StepId,
    enabled: bool,
    when: Option<Condition>,
    limits: Limits,
}

impl Head {
    pub(super) fn step(self, kind: StepKind) -> Step {
        Step { id: self.id, enabled: self.enabled, when: self.when, limits: self.limits, kind }
    }
}
