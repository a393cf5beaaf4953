//! Groups of recipients that share a lead.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{
    DEFAULT_PING_TIMEOUT, Distribution, EarlierStep, Ending, Integration, PING_TIMEOUT_MAX, Ping,
    RECIPIENTS_MAX, Step, StepKind, Strategy, Unsold,
};

use super::keys;
use super::names::{Names, assumed};
use super::node::{Kind, Node};
use super::reader::{Part, Reader};
use super::responses::ENDINGS;
use super::steps::Home;

/// How long all pings of a group may take.
const PING_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=PING_TIMEOUT_MAX;
/// Most sales of one lead in a group.
pub(super) const SALES_MAX: u32 = 100;
const _: () = assert!(SALES_MAX as usize == RECIPIENTS_MAX, "each recipient may have the lead");

impl Reader {
    pub(super) fn distribute(&mut self, node: &Node, names: Names<'_>, home: Home<'_>) -> Option<Step> {
        let part = self.part(node, &keys::DISTRIBUTE)?;
        let head = self.head(&part, names);
        let words = Strategy::ALL.map(|strategy| (strategy.as_str(), strategy));
        let strategy = self.needed(&part, "strategy").and_then(|node| self.word(node, "strategy", &words));
        // Whoever sells to all and gives no number means all.
        let most = if strategy == Some(Strategy::All) { SALES_MAX } else { 1 };
        let max_sales =
            part.get("max_sales").map_or(Some(most), |node| self.count(node, "max_sales", 1..=SALES_MAX));
        let min_margin =
            part.get("min_margin").map_or(Some(None), |node| self.price(node, "min_margin").map(Some));
        let ping_timeout = part
            .get("ping_timeout")
            .map_or(Some(DEFAULT_PING_TIMEOUT), |node| self.duration(node, "ping_timeout", PING_TIMEOUTS));
        let on_unsold = part.get("on_unsold").map_or(Some(None), |node| self.on_unsold(node).map(Some));
        let recipients = self.members(&part, names, home);
        let group = Distribution {
            strategy: strategy?,
            max_sales: max_sales?,
            min_margin: min_margin?,
            ping_timeout: ping_timeout?,
            on_unsold: on_unsold?,
            recipients: recipients?,
        };
        Some(head?.step(StepKind::Distribute(Box::new(group))))
    }

    /// The recipients; those further down can name those before them.
    fn members(&mut self, part: &Part<'_>, names: Names<'_>, home: Home<'_>) -> Option<Vec<Step>> {
        let node = self.needed(part, "recipients")?;
        let mut known: Vec<EarlierStep> = home.earlier.to_vec();
        let recipients = self.list(Some(node), "recipients", |reader, node| {
            let step =
                reader.recipient(node, names.after(&known), &keys::MEMBER, Home { earlier: &known, ..home });
            match &step {
                Some(step) => known.extend(step.as_earlier()),
                None => known.extend(assumed(node)),
            }
            step
        });
        // Those that could not be read were told of.
        let all = matches!(&node.kind, Kind::List(nodes) if nodes.len() == recipients.len());
        all.then_some(recipients)
    }

    fn on_unsold(&mut self, node: &Node) -> Option<Unsold> {
        let part = self.part(node, &keys::ON_UNSOLD)?;
        let outcome =
            part.get("outcome").map_or(Some(Ending::default()), |node| self.word(node, "outcome", &ENDINGS));
        let reason = part.get("reason").map_or(Some("No buyer".into()), |node| self.reason(node));
        Some(Unsold { outcome: outcome?, reason: reason? })
    }

    /// A ping of a recipient, whose integration it has unless it names one.
    pub(super) fn ping(&mut self, node: &Node, recipient: &Part<'_>, names: Names<'_>) -> Option<Ping> {
        let part = self.part(node, &keys::PING)?;
        let integration = part.get("integration").or(recipient.get("integration"));
        let request = integration.and_then(|integration| self.request_of(integration, &part, names));
        let response = self.response(&part, &keys::PING_RESPONSE);
        let (request, mut response) = (request?, response?);
        if request.integration == Integration::Email {
            self.problem(
                node.line,
                "email answers nothing that could be a bid; give the ping another \"integration\"",
            );
            return None;
        }
        response.is_soap = request.integration == Integration::CustomSoap;
        Some(Ping { request, response })
    }
}
