import { expect, it } from 'vitest';

import type { Event } from './api/client';
import { span } from './format';
import { groupsOf, isProblem, timelineOf, tookOf, trailWords } from './timeline';

/** Events from lines such as `0.3 recipient.error premier buyer_premier`: seconds, type, step, party. */
function script(text: string): Event[] {
  const lines = text.trim().split('\n');
  return lines.map((line, seq) => {
    const [seconds, type, step, party] = line.trim().split(/\s+/);
    return {
      ...{
        id: `evt_${seq}`,
        seq,
        type: type!,
        step_id: step === '-' ? null : (step ?? null),
        entity_id: party ?? null,
      },
      timestamp: new Date(Number(seconds) * 1000).toISOString(),
      ...{ lead_id: 'lead_1', flow_id: 'flow_1', outcome: null, reason: null, reason_code: null },
    };
  });
}

const shown = (events: Event[]) =>
  timelineOf(events).map((row) => {
    const time =
      row.break_ms !== null
        ? `(${span(row.break_ms)})`
        : row.delta_ms === null
          ? 'first'
          : `+${span(row.delta_ms)}`;
    return `${time.replaceAll('\u00a0', ' ')} ${row.main.type} ${row.main.entity_id ?? '-'} ${row.trail.join('>')} ${row.events.length}`;
  });

it('attempts and retries of one buyer are one row, and another buyer is another', () => {
  const events = script(`
    0     source.submitted     - src_a
    0.01  source.accepted      - src_a
    0.02  recipient.attempted  a buyer_a
    0.2   recipient.error      a buyer_a
    0.2   retry.scheduled      a buyer_a
    0.21  recipient.attempted  b buyer_b
    0.3   recipient.failed     b buyer_b
    0.31  flow.completed       - src_a
    10    retry.attempted      a buyer_a
    10    recipient.attempted  a buyer_a
    10.2  recipient.delivered  a buyer_a
  `);
  expect(shown(events)).toEqual([
    'first source.submitted src_a none 1',
    '+10 ms source.accepted src_a success 1',
    '+190 ms recipient.delivered buyer_a error>success 6',
    '+100 ms recipient.failed buyer_b failure 2',
    '+10 ms flow.completed src_a none 1',
  ]);
  expect(timelineOf(events).filter(isProblem)).toHaveLength(2);
});

it('an attempt without a result is under way, and a scheduled one says when', () => {
  expect(shown(script('0 recipient.attempted a buyer_a'))).toEqual([
    'first recipient.attempted buyer_a pending 1',
  ]);
  const events = script('0 recipient.error a buyer_a\n0 retry.scheduled a buyer_a');
  events[1]!.due = '2026-01-01T00:00:10Z';
  expect(timelineOf(events)[0]).toMatchObject({
    outcome: 'error',
    trail: ['error', 'pending'],
    due: events[1]!.due,
  });
});

it('what is booked upon feedback is part of it, each report by itself, and a long wait is a break', () => {
  const events = script(`
    0      flow.completed      - src_a
    60     feedback.received   - buyer_a
    60     feedback.returned   - buyer_a
    60     feedback.processed  - buyer_a
    16259  feedback.received   - buyer_a
    16259  feedback.processed  - buyer_a
    16260  feedback.received   - buyer_b
  `);
  expect(shown(events)).toEqual([
    'first flow.completed src_a none 1',
    '+1 m feedback.processed buyer_a none 3',
    '(4 h 29 m) feedback.processed buyer_a none 2',
    '+1.00 s feedback.received buyer_b none 1',
  ]);
});

it('what follows from a report stays with it, whoever else reported meanwhile', () => {
  const events = script(`
    0   feedback.received   - buyer_a
    1   feedback.received   - buyer_b
    2   feedback.processed  - buyer_a
    3   feedback.sent       - src_a
    4   consent.revoked     - buyer_a
    5   consent.sent        - buyer_b
  `);
  const first = events[0]!.id;
  for (const later of [events[2]!, events[3]!]) later.feedback_id = first;
  expect(groupsOf(events).map(({ events }) => events.length)).toEqual([3, 1, 2]);
});

it('a long trail is told in words, and a short one by its icons alone', () => {
  const words = (trail: string) => trailWords(trail.split(' ') as Parameters<typeof trailWords>[0]);
  expect(words('error success')).toBe('');
  expect(words('error error error error success')).toBe('4 faults, then taken');
  expect(words('error error failure')).toBe('2 faults and 1 refusal');
  expect(words('error error pending')).toBe('2 faults, then another attempt');
});

it('a row tells how long it took where somebody was waited for, or it was long', () => {
  const took = (type: string, duration_ms: number | null) =>
    tookOf({ type, duration_ms }).replace('\u00a0', ' ');
  expect(took('enhancement.success', 66)).toBe('66 ms');
  expect(took('recipient.failed', 1)).toBe('1 ms');
  expect(took('recipient.attempted', 2)).toBe('');
  expect(took('filter.passed', 1)).toBe('');
  expect(took('filter.passed', 40)).toBe('40 ms');
  expect(took('flow.completed', 823)).toBe('823 ms');
  expect(took('source.submitted', null)).toBe('');
});
