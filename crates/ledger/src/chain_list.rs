//! Lists of chains: each is judged by its events as the index knows them, so that a list of leads
//! by how they ended reads no file.

use domain::{ChainId, EventType, FeedbackKind, Outcome};

use crate::filter::{Filter, Matcher};
use crate::index::{self, HotIndex, SharedIndex, Words};
use crate::reader::{Order, ROWS_AT_A_TIME, Window};

/// Which chains a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainQuery {
    /// The first event of the chain matches this.
    pub begins: Filter,
    /// Some event of the chain matches this.
    pub touches: Option<Filter>,
    /// No event of the chain matches this.
    pub avoids: Option<Filter>,
    /// The newest event of the chain that tells of dims or fields matches this; where none does,
    /// the newest.
    pub stands: Option<Filter>,
}

/// One event as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Its place in the ledger.
    pub seq: u64,
    /// Its type; none for one that this release does not know.
    pub event_type: Option<EventType>,
    /// A number that stands for its party, the same throughout one process; 0 for none.
    pub party: u32,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the feedback is that it tells of.
    pub feedback: Option<FeedbackKind>,
    /// A delivery that is not a sale.
    pub copy: bool,
    /// A number that stands for its step, the same throughout one process; 0 for none.
    pub step: u32,
    /// Whether it tells of a request to another party.
    pub asked: bool,
}

/// A page of a list of chains. It may be short, or empty, and not be the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPage {
    /// The seqs of each chain that was kept, oldest first, in the order asked for.
    pub chains: Vec<Vec<u64>>,
    /// The seq to go on from; none when all was looked at.
    pub next: Option<u64>,
    /// All records below this seq were looked at or could have been; none of the others is part
    /// of this answer.
    pub complete_to_seq: u64,
}

/// Walks the rows of a window and gathers the chains that begin there and are kept, until `limit`
/// are found and one more is known, or `rows_max` rows were looked at.
pub(crate) fn list(
    shared: &SharedIndex,
    words: &Words,
    query: &ChainQuery,
    window: Window,
    rows_max: u64,
    mut keep: impl FnMut(&[Glance]) -> bool,
) -> ChainPage {
    let (first_seq, complete_to_seq) = {
        let index = shared.read();
        (index.first_seq(), index.next_seq())
    };
    let mut page = ChainPage { chains: Vec::new(), next: None, complete_to_seq };
    let touches = query.touches.as_ref().map(|filter| Matcher::new(filter, words));
    let stands = query.stands.as_ref().map(|filter| Matcher::new(filter, words));
    let (Some(begins), None | Some(Some(_)), None | Some(Some(_))) =
        (Matcher::new(&query.begins, words), &touches, &stands)
    else {
        return page;
    };
    let stands = stands.flatten();
    let touches = touches.flatten();
    let avoids = query.avoids.as_ref().and_then(|filter| Matcher::new(filter, words));
    let low = window.after.map_or(0, |after| after.saturating_add(1)).max(first_seq);
    let mut left = low..window.before.unwrap_or(u64::MAX).min(complete_to_seq);
    let mut rows = 0;
    let mut glances = Vec::new();
    let mut last_kept = None;
    while !left.is_empty() {
        let index = shared.read();
        let count = ROWS_AT_A_TIME.min(left.end - left.start);
        for _ in 0..count {
            let seq = match window.order {
                Order::OldestFirst => left.start,
                Order::NewestFirst => left.end - 1,
            };
            rows += 1;
            if let Some(row) = index.get(seq)
                && let Some((chain, 1)) = row.draft.chain
                && begins.matches(row)
            {
                let rows_of_chain = || {
                    index.chain(&chain).filter(|seq| *seq < complete_to_seq).filter_map(|seq| index.get(seq))
                };
                let some = |matcher: &Matcher| rows_of_chain().any(|row| matcher.matches(row));
                let stands_so = |matcher: &Matcher| {
                    let telling = rows_of_chain().find(|row| row.draft.dims != 0 || row.draft.fields != 0);
                    telling.or_else(|| rows_of_chain().next()).is_some_and(|row| matcher.matches(row))
                };
                let wanted = touches.as_ref().is_none_or(some)
                    && !avoids.as_ref().is_some_and(some)
                    && stands.as_ref().is_none_or(stands_so);
                glance(&index, &chain, complete_to_seq, &mut glances);
                rows += glances.len() as u64;
                if wanted && keep(&glances) {
                    if page.chains.len() == window.limit {
                        page.next = last_kept;
                        return page;
                    }
                    page.chains.push(glances.iter().map(|glance| glance.seq).collect());
                    last_kept = Some(seq);
                }
            }
            match window.order {
                Order::OldestFirst => left.start += 1,
                Order::NewestFirst => left.end -= 1,
            }
            if rows >= rows_max && !left.is_empty() {
                page.next = Some(seq);
                return page;
            }
        }
    }
    page
}

/// A page of a list of events that are judged by their chains. It may be short, or empty, and not be the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsInChains {
    /// Each event that was kept, in the order asked for, with its chain, oldest first.
    pub events: Vec<(u64, Vec<Glance>)>,
    /// The seq to go on from; none when all was looked at.
    pub next: Option<u64>,
    /// All records below this seq were looked at or could have been; none of the others is part
    /// of this answer.
    pub complete_to_seq: u64,
}

/// Walks the rows of a window and gathers the events that match and are kept, until `limit` are found and one
/// more is known, or `rows_max` rows were looked at.
pub(crate) fn list_events(
    shared: &SharedIndex,
    words: &Words,
    filter: &Filter,
    window: Window,
    rows_max: u64,
    mut keep: impl FnMut(&Glance, &[Glance]) -> bool,
) -> EventsInChains {
    let (first_seq, complete_to_seq) = {
        let index = shared.read();
        (index.first_seq(), index.next_seq())
    };
    let mut page = EventsInChains { events: Vec::new(), next: None, complete_to_seq };
    let Some(matcher) = Matcher::new(filter, words) else { return page };
    let low = window.after.map_or(0, |after| after.saturating_add(1)).max(first_seq);
    let mut left = low..window.before.unwrap_or(u64::MAX).min(complete_to_seq);
    let mut rows = 0;
    let mut glances = Vec::new();
    while !left.is_empty() {
        let index = shared.read();
        let count = ROWS_AT_A_TIME.min(left.end - left.start);
        for _ in 0..count {
            let seq = match window.order {
                Order::OldestFirst => left.start,
                Order::NewestFirst => left.end - 1,
            };
            rows += 1;
            if let Some(row) = index.get(seq)
                && let Some((chain, _)) = row.draft.chain
                && filter.chain.is_none_or(|wanted| wanted == chain)
                && matcher.matches(row)
            {
                glance(&index, &chain, complete_to_seq, &mut glances);
                rows += glances.len() as u64;
                if glances.iter().any(|own| own.seq == seq && keep(own, &glances)) {
                    if page.events.len() == window.limit {
                        page.next = page.events.last().map(|(seq, _)| *seq);
                        return page;
                    }
                    page.events.push((seq, glances.clone()));
                }
            }
            match window.order {
                Order::OldestFirst => left.start += 1,
                Order::NewestFirst => left.end -= 1,
            }
            if rows >= rows_max && !left.is_empty() {
                page.next = Some(seq);
                return page;
            }
        }
    }
    page
}

/// Gathers the events of a chain below a seq, oldest first.
pub(crate) fn glance(index: &HotIndex, chain: &ChainId, below: u64, glances: &mut Vec<Glance>) {
    glances.clear();
    for seq in index.chain(chain).filter(|seq| *seq < below) {
        let draft = &index.get(seq).expect("a seq of a chain has a row").draft;
        glances.push(Glance {
            seq,
            event_type: index::event_type_of(draft.event_type),
            party: draft.entity,
            outcome: draft.outcome,
            feedback: draft.feedback,
            copy: draft.flags.has(index::Flags::COPY),
            step: draft.step,
            asked: draft.integration != 0,
        });
    }
    glances.reverse();
}
