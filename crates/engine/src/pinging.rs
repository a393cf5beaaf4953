//! Pings of sources: what would a lead be worth? The gates are asked, the buyers of auctions bid, and what
//! the source is told stands for a while. The lead that follows takes up the offer by its token.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{
    Answer, ChainId, Distribution, Event, EventKind, Exchange, GroupNext, Lead, LeadId, LeadIdKind, Marks,
    Money, Outcome, Reason, ReasonCode, SourceId, Stand, Strategy, Strictness, Timestamp, Value,
};
use ledger::RecordError;

use crate::PublishedFlow;
use crate::distributing::{Offer, groups};
use crate::engine::{Engine, ResumeError, SubmitError, check_size};
use crate::run::{Moment, Run, path};
use crate::story::Story;

/// Writes the whole answer to a ping as it will be sent; the token is that of an offer that stands.
pub type PingRender = Box<dyn FnOnce(Option<LeadId>, &Answer) -> Arc<[u8]> + Send>;

/// A ping that arrives.
pub struct Ping {
    /// The flow it asks about.
    pub flow: Arc<PublishedFlow>,
    /// Which of the flow's sources asks.
    pub source_id: SourceId,
    /// Every raw parameter.
    pub raw: Lead,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
    /// Whether it is about a test lead.
    pub test: bool,
    /// Writes the answer.
    pub render: PingRender,
}

impl fmt::Debug for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ping({} to {})", self.source_id, self.flow.flow.id())
    }
}

/// A ping that was answered. Its events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinged {
    /// The ping, which is the token of its offer when the outcome is success.
    pub ping_id: LeadId,
    /// What the source is told.
    pub answer: Answer,
    /// What [`PingRender`] made of it.
    pub response: Arc<[u8]>,
}

/// Offers that were taken up: each is good for one lead. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TakenOffers {
    inner: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    since: HashMap<LeadId, Timestamp>,
    /// How many there were after old ones were last looked for.
    kept: usize,
}

/// How long it is kept that an offer was taken up, in milliseconds; none stands as long.
pub(crate) const TAKEN_KEPT_MS: i64 = 24 * 3600 * 1000 + 60_000;
/// Offers taken before old ones are first looked for; then whenever there are twice as many as were kept, so
/// that looking costs each offer next to nothing.
const TAKEN_BEFORE_SWEEP: usize = 10_000;

impl TakenOffers {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an offer up: of two leads at once exactly one gets it.
    pub(crate) fn take(&self, ping_id: LeadId, now: Timestamp) -> bool {
        let mut taken = self.taken();
        if taken.since.len() >= TAKEN_BEFORE_SWEEP.max(2 * taken.kept) {
            taken.since.retain(|_, at| at.plus_millis(TAKEN_KEPT_MS) > now);
            taken.kept = taken.since.len();
        }
        taken.since.insert(ping_id, now).is_none()
    }

    /// Every ping whose offer was taken up, by id, and when.
    pub(crate) fn all(&self) -> Vec<(LeadId, Timestamp)> {
        let mut all: Vec<_> = self.taken().since.iter().map(|(ping_id, at)| (*ping_id, *at)).collect();
        all.sort_unstable();
        all
    }
}

impl Engine {
    /// Answers a ping. When it returns, its events are durable.
    ///
    /// # Errors
    /// When the source is unknown, or the events could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn ping(&self, ping: Ping) -> Result<Pinged, SubmitError> {
        let Ping { flow, source_id, raw, request, request_id, test, render } = ping;
        if flow.flow.source(&source_id).is_none() {
            return Err(SubmitError::UnknownSource { source_id, flow_id: flow.flow.id().clone() });
        }
        check_size(&raw)?;
        let now = self.context().clock.now();
        let ping_id = LeadId::new(LeadIdKind::Ping, now, self.context().draw());
        let lease = self.leads().create(ping_id)?;
        let marks = Marks { test, request_id, ..Marks::default() };
        let story = Story::new(ping_id, source_id, marks, now);
        let run = Run::new(Arc::clone(self.context()), lease, flow, story);
        // The ping goes on when its source gives up waiting, so that its bids have an end.
        let task = self.under_way().spawn(run.ping(raw, request, render));
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// What a source was offered by the ping of this token, when that still stands for it and nobody took
    /// it up before.
    pub(crate) fn take_offer(
        &self,
        token: &str,
        flow: &PublishedFlow,
        source_id: &SourceId,
        test: bool,
        now: Timestamp,
    ) -> Option<(LeadId, Offer)> {
        let ping_id: LeadId = token.trim().parse().ok()?;
        if ping_id.kind() != LeadIdKind::Ping {
            return None;
        }
        let events = self.events(ChainId::Lead(ping_id)).ok()?.events;
        let head = &events.last()?.head;
        let expires = flow.flow.source(source_id)?.ping_expires;
        let age = Duration::from_millis(now.millis_since(head.at));
        let is_theirs = head.flow_id == *flow.flow.id() && head.source_id == *source_id;
        if !is_theirs || head.marks.test != test || age >= expires {
            return None;
        }
        let offer = offer_of(events)?;
        self.taken_offers().take(ping_id, now).then_some((ping_id, offer))
    }

    /// The offer that a lead took up before a restart.
    pub(crate) fn offer_taken(&self, ping_id: LeadId) -> Result<Option<Offer>, ResumeError> {
        Ok(offer_of(self.events(ChainId::Lead(ping_id))?.events))
    }
}

/// The offer that the events of a ping made. None where what a buyer said then is recorded with stars: a lead
/// that was to repeat it is better auctioned anew.
fn offer_of(events: Vec<Event>) -> Option<Offer> {
    let newest = events.last()?;
    let EventKind::SourcePinged { answer } = &newest.kind else { return None };
    let has_stars = events.iter().any(|event| event.body.sensitive.is_some());
    if answer.outcome != Outcome::Success || has_stars {
        return None;
    }
    let (price, lead) = (answer.price, newest.body.lead.clone());
    let bids = events.into_iter().map(|event| event.kind);
    let bids = bids.filter(|kind| matches!(kind, EventKind::RecipientBid { .. })).collect();
    Some(Offer { bids, lead, price })
}

impl Run {
    async fn ping(
        mut self,
        raw: Lead,
        request: Arc<[u8]>,
        render: PingRender,
    ) -> Result<Pinged, RecordError> {
        let answer = match self.ping_gates(raw) {
            Some(reason) => Answer { outcome: Outcome::Failure, reason: Some(reason), price: Money::ZERO },
            None => self.offer_to_source().await?,
        };
        let ping_id = self.story.lead_id;
        let response = render((answer.outcome == Outcome::Success).then_some(ping_id), &answer);
        let exchange = Exchange { request: Some(request), response: Some(Arc::clone(&response)) };
        let kind = EventKind::SourcePinged { answer: answer.clone() };
        let moment = Moment { exchanges: vec![exchange], ..Moment::new(kind, self.started()) };
        let ticket = self.record(vec![moment]).await?;
        if self.context.barriers.before_answer {
            ticket.durable().await?;
        }
        Ok(Pinged { ping_id, answer, response })
    }

    /// Why the lead could not be taken, by what is known of it.
    fn ping_gates(&mut self, raw: Lead) -> Option<Reason> {
        let flow = Arc::clone(&self.flow);
        let source = flow.flow.source(&self.story.source_id);
        let source = source.expect("a version of a flow never changes, so its sources stay in it");
        self.story.raw = raw.clone();
        self.learn();
        self.story.lead = flow.flow.parse_lead(source, &self.variables(&raw, self.story.submitted_at));
        if let Some(name) = self.context.control.entity_name(&source.id.clone().into()) {
            self.story.lead.set(path("source.name"), Value::text(name));
        }
        self.append_rates();
        self.refusal_of_ping(source)
    }

    /// Lets the buyers of auctions bid, and makes an offer of that.
    async fn offer_to_source(&mut self) -> Result<Answer, RecordError> {
        let flow = Arc::clone(&self.flow);
        let source = flow.flow.source(&self.story.source_id);
        let source = source.expect("a version of a flow never changes, so its sources stay in it");
        self.story.price = flow.flow.purchase_price(source, &self.story.raw, &self.rule_variables());
        let (mut auctions, mut bids) = (0, Vec::new());
        for (step, group) in groups(&flow) {
            if group.strategy != Strategy::HighestBid {
                continue;
            }
            auctions += 1;
            // A group that the lead would pass by is not asked; what is not known yet is not held against it.
            let when = step.when.as_ref();
            let verdict = when.map(|when| when.evaluate(Strictness::Partial, &self.rule_variables()));
            match verdict.filter(|verdict| !verdict.holds) {
                Some(verdict) => {
                    let reason = Reason::new(ReasonCode::Criteria, verdict.demand());
                    self.skip(step, reason, Some(verdict.trace)).await?;
                }
                None => bids.extend(self.bids_of(group).await?),
            }
        }
        let price = match flow.flow.purchase_share(source) {
            Some(share) => {
                let sum = bids.iter().try_fold(Money::ZERO, |sum, bid| sum.checked_add(*bid));
                share.of(sum.expect("amounts of one lead are far from the limits"))
            }
            None => self.story.price.unwrap_or(Money::ZERO),
        };
        let nobody = auctions > 0 && bids.is_empty();
        Ok(if nobody || price <= Money::ZERO {
            let reason = Some(Reason::new(ReasonCode::NoBuyer, "no bid"));
            Answer { outcome: Outcome::Failure, reason, price: Money::ZERO }
        } else {
            Answer { outcome: Outcome::Success, reason: None, price }
        })
    }

    /// The best bids of an auction, as many as may be sold.
    async fn bids_of(&mut self, group: &Distribution) -> Result<Vec<Money>, RecordError> {
        loop {
            match self.group_next(group) {
                GroupNext::Skip { step, reason, trace } => self.skip(step, reason, Some(trace)).await?,
                GroupNext::Ping(steps) => self.ping_all(group, &steps).await?,
                GroupNext::Ask(_) | GroupNext::TakeTurn(_) | GroupNext::Over => break,
            }
        }
        let (offers, variables) = (self.story.progress.offers(), self.rule_variables());
        let mut bids: Vec<Money> = group
            .enabled()
            .filter(|(_, recipient)| !recipient.is_copy)
            .filter_map(|(step, recipient)| match offers.stand(&step.id) {
                Some(Stand::Bid(bid)) => recipient.price.offer(&variables, Some(bid)).or(Some(bid)),
                None if recipient.ping.is_none() => recipient.price.offer(&variables, None),
                Some(_) | None => None,
            })
            .collect();
        bids.sort_unstable_by(|left, right| right.cmp(left));
        bids.truncate(usize::try_from(group.max_sales).unwrap_or(usize::MAX));
        Ok(bids)
    }
}
