//! Events and leads in sentences. A failure is the other side's "no"; an error is a fault; the words never mix
//! them up.

import type { Event, Lead } from './api/client';
import { addedTo, fieldsOf } from './changes';
import { outcomeOf, type Outcome } from './families';
import { clock, isNumber, listed, money, plural, span } from './format';
import { groupsOf } from './timeline';

/** The name of a party, step or flow by its id. */
export type NameOf = (id: string | null | undefined) => string;

export interface Sentence {
  outcome: Outcome;
  text: string;
}

/** How it ended for the lead, in one line. */
export function leadSentence(lead: Lead, nameOf: NameOf): Sentence {
  // A copy, such as for a CRM, is no sale.
  const buyers = lead.buyers.filter((buyer) => buyer.counts_as !== 'copy');
  const sold = buyers.filter((buyer) => buyer.outcome === 'success');
  const names = listed(sold.map((buyer) => nameOf(buyer.entity_id)));
  const because = lead.reason ? `: ${lead.reason}` : '';
  switch (lead.state) {
    case 'running':
      return { outcome: 'pending', text: 'On its way through the flow' };
    case 'rejected':
      return { outcome: 'failure', text: `Rejected${because}` };
    case 'error':
      return { outcome: 'error', text: `Ended in a fault${because}` };
    case 'returned':
      return { outcome: 'failure', text: `Returned by ${listed(returners(lead, nameOf)) || 'its buyer'}` };
    case 'converted':
      const at = listed(buyers.filter((buyer) => buyer.converted).map((buyer) => nameOf(buyer.entity_id)));
      return { outcome: 'success', text: `Converted${at ? ` at ${at}` : ''}` };
    case 'sold': {
      return { outcome: 'success', text: sold.length > 0 ? `Sold to ${names}${othersOf(buyers)}` : 'Sold' };
    }
    case 'accepted':
      return lead.outcome === 'success'
        ? { outcome: 'success', text: 'Accepted, nobody was to buy it' }
        : { outcome: lead.outcome === 'error' ? 'error' : 'failure', text: `Not sold${because}` };
    default:
      return { outcome: 'none', text: `${String(lead.state)}${because}` };
  }
}

/** What those said who were asked and did not take the lead. A buyer that was skipped was not asked. */
function othersOf(buyers: Lead['buyers']): string {
  const asked = buyers.filter((buyer) => buyer.delivery_id !== null && buyer.outcome !== 'skip');
  const number = (outcome: string | null) => asked.filter((buyer) => buyer.outcome === outcome).length;
  const said = [
    { count: number('failure'), words: 'declined' },
    { count: number('error'), words: 'had a fault' },
    { count: number(null), words: 'did not answer yet' },
  ].filter(({ count }) => count > 0);
  if (said.length === 0) return '';
  if (said.length === 1) return `; ${said[0]!.count} of ${asked.length} asked ${said[0]!.words}`;
  return `; of ${asked.length} asked, ${listed(said.map(({ count, words }) => `${count} ${words}`))}`;
}

/** A sale that came after the source had been answered with something else. */
export interface LateSale {
  /** The delivery. */
  event: Event;
  text: string;
}

/** Why a sold lead may stand beside an answer that was none, and cost nothing. */
export function lateSaleOf(lead: Lead, events: Event[]): LateSale | null {
  const answer = events.find(({ type }) => type === 'source.answered' || type === 'flow.completed');
  if (answer === undefined || (answer.final_outcome ?? answer.outcome) === 'success') return null;
  const isSale = ({ type, seq, counts_as }: Event) =>
    type === 'recipient.delivered' && seq > answer.seq && counts_as !== 'copy';
  const event = events.find(isSale);
  if (event === undefined) return null;
  const by = isNumber(event.attempt) && event.attempt > 1 ? ' by a retry' : '';
  const after = span(Date.parse(event.timestamp) - Date.parse(answer.timestamp));
  const told = answer.reason ?? answer.final_outcome ?? answer.outcome ?? 'no reason was given';
  const offered = events.find(({ type }) => type === 'source.accepted')?.price;
  const free = offered
    ? ` ${money(offered)} were offered for it, but after that answer the lead cost nothing.`
    : ' No price was offered, so the lead cost nothing.';
  const cost = lead.cost === 0 ? free : '';
  return { event, text: `Sold${by} ${after} after the source was told: ${told}.${cost}` };
}

const returners = (lead: Lead, nameOf: NameOf): string[] =>
  lead.buyers.filter((buyer) => buyer.returned).map((buyer) => nameOf(buyer.entity_id));

/** What happened, in one sentence. */
export function eventSentence(event: Event, nameOf: NameOf): string {
  const who = nameOf(event.entity_id) || 'The other side';
  const step = event.step_id ?? 'this step';
  const because = event.reason ? `: ${event.reason}` : '';
  const took = !isNumber(event.duration_ms) ? '' : ` after ${span(event.duration_ms)}`;
  const price = !isNumber(event.price) ? '' : ` for ${money(event.price)}`;
  const told = (of: string): string => {
    if (event.outcome === 'skip') return `${who} was not told ${of}${because}.`;
    if (event.outcome === 'failure') return `${who} was told ${of} and said no${because}.`;
    const again = event.due ? `; it is told again at ${clock(event.due)} UTC` : '';
    return event.outcome === 'error'
      ? `${who} could not be told ${of}${because}${again}.`
      : `${who} was told ${of}${nth(event.attempt)}.`;
  };
  switch (event.type) {
    case 'source.submitted':
      return `${who} submitted the lead.`;
    case 'source.accepted':
      return `The lead was read and accepted from ${who}${event.price ? `; ${money(event.price)} offered for it` : ''}.`;
    case 'source.rejected':
      return `The lead was rejected${because}. No step was run.`;
    case 'filter.passed':
      return `The lead passed the filter ${step}.`;
    case 'filter.failed':
      return `The lead did not pass the filter ${step}${because}.`;
    case 'enhancement.success':
      return `${who} answered${took}.`;
    case 'enhancement.failure':
      return `${who} had nothing to add${because}.`;
    case 'enhancement.error':
      return `${who} gave no usable answer${because}. The flow went on.`;
    case 'enhancement.skipped':
      return `${who} was not asked${because}.`;
    case 'recipient.attempted':
      return `The lead was sent to ${who}${nth(event.attempt)}.`;
    case 'recipient.delivered':
      return `${who} took the lead${price}${took}.`;
    case 'recipient.failed':
      return event.asked === false ? `${who} was not asked${because}.` : `${who} said no${because}.`;
    case 'recipient.error':
      return `The delivery to ${who} broke${because}${nth(event.attempt)}.`;
    case 'recipient.skipped':
      return `${who} was not asked${because}.`;
    case 'retry.scheduled':
      return `Another attempt at ${who} is due${event.due ? ` at ${clock(event.due)} UTC` : ''}.`;
    case 'retry.attempted':
      return `${who} is tried again${nth(event.attempt)}.`;
    case 'feedback.received':
      return `${who} reported a ${event.feedback?.type ?? 'result'}${because}.`;
    case 'feedback.returned':
      return `${who} returned the lead${because}.`;
    case 'feedback.processed':
      return event.outcome === 'failure'
        ? `The ${event.feedback?.type ?? 'feedback'} of ${who} was refused${because}.`
        : `The ${event.feedback?.type ?? 'feedback'} of ${who} was booked.`;
    case 'feedback.sent':
      return told(`of the ${event.feedback?.type ?? 'feedback'}`);
    case 'consent.revoked':
      return 'The person withdrew consent: the lead is sent nowhere any more.';
    case 'consent.sent':
      return told('that consent was withdrawn');
    case 'flow.completed':
      return event.final_outcome === 'success' || event.outcome === 'success'
        ? `The flow ended in success${!isNumber(event.total_ms) ? '' : ` after ${span(event.total_ms)}`}.`
        : `The flow ended${because || ` in ${event.final_outcome ?? event.outcome ?? 'no outcome'}`}.`;
    default:
      return `${event.type}${because}`;
  }
}

const nth = (attempt: number | null | undefined): string =>
  isNumber(attempt) && attempt > 1 ? ` (attempt ${attempt})` : '';

/** What to do about it, where that is known. */
export function hintOf(event: Event): string | null {
  if (event.type === 'recipient.failed') {
    return event.asked === false
      ? 'Nobody was asked: a limit of our own stood in the way.'
      : 'The buyer said no. Change data or rules before sending it again; a retry would get the same answer.';
  }
  if (event.type === 'recipient.error') return 'The connection or the answer failed. A retry may work.';
  if (event.type === 'enhancement.error') {
    return 'The service gave no usable answer in time. The lead went on without what it would have added.';
  }
  return null;
}

/** Where a lead that was not sold came to its end. */
export interface Stop {
  event: Event;
  outcome: Outcome;
  /** The place in words: a step, or the source's gate. */
  where: string;
  reason: string;
  /** The rule that decided. */
  rule: { index: number; of: number; text: string } | null;
}

/** The event that said no, or nothing when the lead was sold or is under way. */
export function stopOf(lead: Lead, events: Event[], nameOf: NameOf): Stop | null {
  if (lead.state !== 'rejected' && lead.state !== 'accepted' && lead.state !== 'error') return null;
  if (lead.outcome === 'success') return null;
  const says = (event: Event): boolean => {
    const outcome = outcomeOf(event);
    return (outcome === 'failure' || outcome === 'error') && event.type !== 'flow.completed';
  };
  const event =
    events.find((it) => it.type === 'source.rejected') ??
    events.findLast((it) => says(it) && it.type === 'filter.failed') ??
    events.findLast((it) => says(it) && it.type.startsWith('recipient.')) ??
    events.findLast(says) ??
    events.findLast((it) => it.type === 'flow.completed');
  if (event === undefined) return null;
  const rules = event.rules ?? [];
  const decided = rules.findIndex((rule) => rule.decided);
  // Older records do not tell which one decided.
  const index = decided < 0 ? rules.findIndex((rule) => !rule.passed) : decided;
  const rule = index < 0 ? null : { index: index + 1, of: rules.length, text: rules[index]!.rule };
  return {
    event,
    outcome: outcomeOf(event),
    where: placeOf(event, nameOf),
    reason: event.reason ?? lead.reason ?? 'no reason was given',
    rule,
  };
}

function placeOf(event: Event, nameOf: NameOf): string {
  if (event.type === 'source.rejected') return 'the way in, before any step';
  if (event.type === 'flow.completed') return 'the end of the flow';
  if (event.type.startsWith('filter.')) return `the filter ${event.step_id ?? ''}`.trim();
  return nameOf(event.entity_id) || event.step_id || event.type;
}

/** One of the five answers at the head of a lead. */
export interface Answer {
  title: string;
  text: string;
  outcome: Outcome;
  /** The event that shows it. */
  event: Event | null;
}

/** What arrived, how it was read, what was added, which rules decided, what was sent. */
export function answersOf(events: Event[], nameOf: NameOf): Answer[] {
  const of = (type: string) => events.find((event) => event.type === type) ?? null;
  const submitted = of('source.submitted');
  const read = of('source.accepted') ?? of('source.rejected');
  const answers: Answer[] = [];

  const arrived = submitted?.lead
    ? plural(fieldsOf(submitted.lead), 'field')
    : (submitted && 'values not readable') || 'nothing yet';
  answers.push({ title: 'Arrived', text: arrived, outcome: 'none', event: submitted });

  const derived = read ? addedTo(submitted?.lead, read.lead) : 0;
  const rejected = read?.type === 'source.rejected';
  answers.push({
    title: 'Parsed',
    text:
      read === null ? 'not yet' : rejected ? 'rejected' : derived > 0 ? `+${derived} derived` : 'as it came',
    outcome: rejected ? 'failure' : read === null ? 'none' : 'success',
    event: read,
  });

  const groups = groupsOf(events);
  const services = groups.filter((group) => group.family === 'enhancement');
  const answered = services.filter((group) => group.outcome === 'success');
  const broken = services.filter((group) => group.outcome === 'error');
  const added = answered.map((group) => nameOf(group.main.entity_id) || group.main.step_id || '');
  answers.push({
    title: 'Added',
    text:
      services.length === 0
        ? 'nothing asked'
        : [
            added.length > 0 ? `by ${added.length > 1 ? `${added.length} services` : added[0]}` : '',
            broken.length > 0 ? plural(broken.length, 'error') : '',
          ]
            .filter(Boolean)
            .join(', ') || 'nothing',
    outcome: broken.length > 0 ? 'error' : answered.length > 0 ? 'success' : 'none',
    event: (broken[0] ?? answered[0] ?? services[0])?.main ?? null,
  });

  const filters = groups.filter((group) => group.family === 'filter');
  const failed = filters.filter((group) => group.outcome === 'failure');
  answers.push({
    title: 'Rules',
    text: passedWords(filters.length, failed.length),
    outcome: failed.length > 0 ? 'failure' : filters.length > 0 ? 'success' : 'none',
    event: (failed[0] ?? filters[0])?.main ?? null,
  });

  const parties = groups.filter((group) => group.family === 'recipient');
  const number = (outcome: Outcome) => parties.filter((group) => group.outcome === outcome).length;
  const words = [
    [number('success'), 'taken'],
    [number('failure'), 'refused'],
    [number('error'), 'broken'],
    [number('skip'), 'not asked'],
    [number('pending'), 'under way'],
  ] as const;
  const sent = words.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  answers.push({
    title: 'Sent',
    text: sent.join(', ') || 'to nobody',
    outcome:
      number('success') > 0
        ? 'success'
        : number('error') > 0
          ? 'error'
          : number('failure') > 0
            ? 'failure'
            : 'none',
    event: (parties.find((group) => group.outcome === 'success') ?? parties[0])?.main ?? null,
  });
  return answers;
}

function passedWords(filters: number, failed: number): string {
  if (filters === 0) return 'no filter ran';
  if (filters === 1) return failed === 0 ? 'the filter passed' : 'the filter said no';
  return failed === 0 ? `all ${filters} filters passed` : `${filters - failed} of ${filters} filters passed`;
}
