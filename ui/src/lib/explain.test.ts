import { describe, expect, it } from 'vitest';

import type { Event, Lead } from './api/client';
import { answersOf, eventSentence, hintOf, lateSaleOf, leadSentence, stopOf } from './explain';

const NAMES: { [id: string]: string } = {
  buyer_a: 'Premier',
  buyer_b: 'Shingle',
  src_a: 'Web Form A',
  svc_a: 'Phone check',
};
const nameOf = (id: string | null | undefined) => (id ? (NAMES[id] ?? id) : '');

let seq = 0;
const event = (type: string, more: Partial<Event> = {}): Event => ({
  ...{
    id: `evt_${seq}`,
    seq: seq++,
    type,
    timestamp: '2026-01-15T10:00:00.000Z',
    lead_id: 'lead_1',
    flow_id: 'flow_1',
  },
  ...{ entity_id: null, outcome: null, reason: null, reason_code: null, ...more },
});
const buyer = (entity_id: string, outcome: string, returned = false, converted = false) => ({
  ...{ entity_id, step_id: entity_id, delivery_id: 'evt_1', outcome, price: null, returned, converted },
});
const lead = (more: Partial<Lead>): Lead => ({
  ...{
    id: 'lead_1',
    seq: 0,
    submitted_at: '',
    updated_at: '',
    flow_id: 'flow_1',
    flow_version: 1,
    source_id: 'src_a',
  },
  ...{
    state: 'accepted',
    outcome: 'failure',
    reason: null,
    reason_code: null,
    buyers: [],
    cost: 0,
    revenue: 0,
  },
  ...{ margin: 0, path: [], events: 3, last_seq: 2, total_ms: 10, test: false, ...more },
});

describe('a lead in one line', () => {
  it.each([
    [{ state: 'running' }, 'pending', 'On its way through the flow'],
    [
      { state: 'rejected', reason: 'Missing required field: email' },
      'failure',
      'Rejected: Missing required field: email',
    ],
    [{ state: 'accepted', reason: 'No buyer' }, 'failure', 'Not sold: No buyer'],
    [{ state: 'accepted', outcome: 'success' }, 'success', 'Accepted, nobody was to buy it'],
    [{ state: 'error', reason: 'No answer in time' }, 'error', 'Ended in a fault: No answer in time'],
    [
      { state: 'sold', buyers: [buyer('buyer_a', 'success'), buyer('buyer_b', 'failure')] },
      'success',
      'Sold to Premier; 1 of 2 asked declined',
    ],
    [
      {
        state: 'sold',
        buyers: [
          buyer('buyer_a', 'success'),
          buyer('buyer_b', 'skip'),
          { ...buyer('buyer_c', 'failure'), delivery_id: null },
        ],
      },
      'success',
      'Sold to Premier',
    ],
    [
      {
        state: 'sold',
        buyers: [buyer('buyer_a', 'success'), buyer('buyer_b', 'success'), buyer('buyer_c', 'error')],
      },
      'success',
      'Sold to Premier and Shingle; 1 of 3 asked had a fault',
    ],
    [
      {
        state: 'sold',
        buyers: [buyer('buyer_a', 'success'), buyer('buyer_b', 'failure'), buyer('buyer_c', 'error')],
      },
      'success',
      'Sold to Premier; of 3 asked, 1 declined and 1 had a fault',
    ],
    [
      { state: 'sold', buyers: [buyer('buyer_a', 'success'), buyer('buyer_b', 'success')] },
      'success',
      'Sold to Premier and Shingle',
    ],
    [{ state: 'returned', buyers: [buyer('buyer_a', 'success', true)] }, 'failure', 'Returned by Premier'],
    [
      { state: 'converted', buyers: [buyer('buyer_a', 'success', false, true)] },
      'success',
      'Converted at Premier',
    ],
  ] as [Partial<Lead>, string, string][])('%j', (more, outcome, text) => {
    expect(leadSentence(lead(more), nameOf)).toEqual({ outcome, text });
  });
});

describe('an event in one sentence', () => {
  it.each([
    [
      'source.accepted',
      { entity_id: 'src_a', price: 8.5, outcome: 'success' },
      'The lead was read and accepted from Web Form A; $8.50 offered for it.',
    ],
    [
      'recipient.delivered',
      { entity_id: 'buyer_a', price: 25, duration_ms: 245 },
      'Premier took the lead for $25.00 after 245\u00a0ms.',
    ],
    [
      'recipient.failed',
      { entity_id: 'buyer_a', reason: 'Daily cap reached (100/100)', asked: false },
      'Premier was not asked: Daily cap reached (100/100).',
    ],
    [
      'recipient.failed',
      { entity_id: 'buyer_a', reason: 'Account closed' },
      'Premier said no: Account closed.',
    ],
    ['recipient.error', { entity_id: 'buyer_a', attempt: 2 }, 'The delivery to Premier broke (attempt 2).'],
    [
      'enhancement.error',
      { entity_id: 'svc_a', reason: 'Service timeout after 5000ms' },
      'Phone check gave no usable answer: Service timeout after 5000ms. The flow went on.',
    ],
    [
      'filter.failed',
      { step_id: 'geo', reason: 'State not in approved list' },
      'The lead did not pass the filter geo: State not in approved list.',
    ],
    [
      'feedback.processed',
      {
        entity_id: 'buyer_a',
        outcome: 'failure',
        reason: 'Must be returned within 7 days',
        feedback: { type: 'return' },
      },
      'The return of Premier was refused: Must be returned within 7 days.',
    ],
    [
      'feedback.sent',
      { entity_id: 'src_a', outcome: 'success', attempt: 2, feedback: { type: 'return' } },
      'Web Form A was told of the return (attempt 2).',
    ],
    [
      'consent.sent',
      { entity_id: 'buyer_a', outcome: 'skip', reason: 'Buyer is not told by the flow' },
      'Premier was not told that consent was withdrawn: Buyer is not told by the flow.',
    ],
    ['novel.event', { reason: 'why not' }, 'novel.event: why not'],
  ] as [string, Partial<Event>, string][])('%s %j', (type, more, text) => {
    expect(eventSentence(event(type, more), nameOf)).toBe(text);
  });

  it('a no and a fault get different advice', () => {
    expect(hintOf(event('recipient.failed'))).toContain('said no');
    expect(hintOf(event('recipient.failed', { asked: false }))).toContain('Nobody was asked');
    expect(hintOf(event('recipient.error'))).toContain('A retry may work');
    expect(hintOf(event('recipient.delivered'))).toBeNull();
  });
});

describe('why a lead stopped', () => {
  it('names the filter, the reason and the rule that decided', () => {
    const rules = [
      { rule: 'email format is valid', actual: '•••', passed: true, decided: false },
      { rule: 'state is included in TX, OK', actual: '•••', passed: false, decided: true },
    ];
    const failed = event('filter.failed', {
      step_id: 'geo',
      outcome: 'failure',
      reason: 'State not in approved list',
      rules,
    });
    expect(
      stopOf(
        lead({}),
        [event('source.submitted'), failed, event('flow.completed', { outcome: 'failure' })],
        nameOf,
      ),
    ).toEqual({
      ...{ event: failed, outcome: 'failure', where: 'the filter geo', reason: 'State not in approved list' },
      rule: { index: 2, of: 2, text: 'state is included in TX, OK' },
    });
  });

  it('at the way in, at the last buyer, or nowhere when it was sold', () => {
    const rejected = event('source.rejected', { outcome: 'failure', reason: 'Duplicate' });
    expect(stopOf(lead({ state: 'rejected' }), [rejected], nameOf)).toMatchObject({
      where: 'the way in, before any step',
      reason: 'Duplicate',
      rule: null,
    });
    const refused = ['buyer_a', 'buyer_b'].map((entity_id) =>
      event('recipient.failed', { entity_id, outcome: 'failure', reason: 'No' }),
    );
    expect(stopOf(lead({}), refused, nameOf)).toMatchObject({ where: 'Shingle' });
    expect(stopOf(lead({ state: 'sold', outcome: 'success' }), refused, nameOf)).toBeNull();
    expect(stopOf(lead({ state: 'accepted', outcome: 'success' }), refused, nameOf)).toBeNull();
  });
});

describe('a sale after the answer', () => {
  const answered = event('flow.completed', {
    ...{ timestamp: '2026-01-15T10:00:00.000Z', outcome: 'failure', reason: 'No buyer' },
  });
  const taken = (more: Partial<Event> = {}) =>
    event('recipient.delivered', { timestamp: '2026-01-15T10:18:00.000Z', attempt: 5, ...more });

  it('says how late it was, what the source was told, and why it cost nothing', () => {
    const text = (more: Partial<Lead>, ...events: Event[]) =>
      lateSaleOf(lead({ state: 'sold', ...more }), events)?.text.replaceAll('\u00a0', ' ');
    expect(text({}, answered, taken())).toBe(
      'Sold by a retry 18 m after the source was told: No buyer. No price was offered, so the lead cost nothing.',
    );
    expect(text({}, event('source.accepted', { price: 8.5 }), answered, taken())).toBe(
      'Sold by a retry 18 m after the source was told: No buyer. ' +
        '$8.50 were offered for it, but after that answer the lead cost nothing.',
    );
    expect(text({ cost: 2 }, answered, taken({ attempt: 1 }))).toBe(
      'Sold 18 m after the source was told: No buyer.',
    );
  });

  it('is none before the answer, after a good answer, or as a copy', () => {
    const early = taken();
    const good = event('flow.completed', { outcome: 'success' });
    expect(lateSaleOf(lead({}), [early, event('flow.completed', { outcome: 'failure' })])).toBeNull();
    expect(lateSaleOf(lead({}), [good, taken()])).toBeNull();
    expect(lateSaleOf(lead({}), [answered, taken({ counts_as: 'copy' })])).toBeNull();
    expect(lateSaleOf(lead({}), [answered])).toBeNull();
  });
});

it('the five answers come from the events alone', () => {
  const events = [
    event('source.submitted', { entity_id: 'src_a', lead: { id: 'lead_1', fname: 'J•••', zip: '7' } }),
    event('source.accepted', {
      entity_id: 'src_a',
      lead: { id: 'lead_1', fname: 'J•••', zip: 7, 'zip.valid': true },
    }),
    event('enhancement.success', { entity_id: 'svc_a', step_id: 'phone' }),
    event('enhancement.error', { entity_id: 'svc_b', step_id: 'score' }),
    event('filter.passed', { step_id: 'geo' }),
    event('recipient.failed', { entity_id: 'buyer_a', step_id: 'a' }),
    event('recipient.delivered', { entity_id: 'buyer_b', step_id: 'b' }),
  ];
  expect(
    answersOf(events, nameOf).map(({ title, text, outcome }) => `${title}: ${text} (${outcome})`),
  ).toEqual([
    'Arrived: 2 fields (none)',
    'Parsed: +1 derived (success)',
    'Added: by Phone check, 1 error (error)',
    'Rules: the filter passed (success)',
    'Sent: 1 taken, 1 refused (success)',
  ]);
  expect(answersOf([], nameOf).map(({ text }) => text)).toEqual([
    'nothing yet',
    'not yet',
    'nothing asked',
    'no filter ran',
    'to nobody',
  ]);
});
