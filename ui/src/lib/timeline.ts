//! The life of a lead as people tell it: one row for each party or step, its attempts folded, and long waits
//! as breaks between rows.

import type { Event } from './api/client';
import { familyOf, outcomeOf, type Family, type Outcome } from './families';
import { isNumber, listed, plural, span } from './format';

/** A wait longer than this is a break of its own. */
export const BREAK_MS = 60_000;

/** Shorter work of our own, and shorter gaps between rows, tell nobody anything. */
export const NOISE_MS = 10;
const ASKING = new Set<Family>(['enhancement', 'recipient', 'feedback']);

/** How long it took, for a row: where another side was waited for, or it was long for us. */
export function tookOf({ type, duration_ms }: Pick<Event, 'type' | 'duration_ms'>): string {
  const waited = ASKING.has(familyOf(type)) && !/\.(attempted|skipped)$/.test(type);
  const from = waited ? 1 : NOISE_MS;
  return isNumber(duration_ms) && duration_ms >= from ? span(duration_ms) : '';
}

export interface Group {
  family: Family;
  /** All events of the row, in order of the ledger. */
  events: Event[];
  /** The event that stands for the row: its newest result, else its newest event. */
  main: Event;
  /** The event that gives the row its place and time: its first result, else its first event. */
  anchor: Event;
  outcome: Outcome;
  /** How each attempt went; `pending` at the end means that one is under way or due. */
  trail: Outcome[];
  /** When a retry is due that has not begun. */
  due: string | null;
}

export interface TimelineRow extends Group {
  /** Time since the row before, or null where the clock is shown instead. */
  delta_ms: number | null;
  /** A long wait before this row. */
  break_ms: number | null;
}

const isAttempt = (event: Event): boolean =>
  event.type === 'recipient.attempted' || familyOf(event.type) === 'retry';

export function timelineOf(events: Event[]): TimelineRow[] {
  const groups = groupsOf(events);
  let before: number | null = null;
  return groups.map((group) => {
    const at = Date.parse(group.anchor.timestamp);
    const waited = before === null ? null : at - before;
    before = at;
    const breaks = waited !== null && waited > BREAK_MS;
    return { ...group, delta_ms: breaks ? null : waited, break_ms: breaks ? waited : null };
  });
}

export function groupsOf(events: Event[]): Group[] {
  const chains = new Map<string, Event[]>();
  for (const event of events) {
    const key = chainOf(event, chains);
    const chain = chains.get(key);
    if (chain === undefined) chains.set(key, [event]);
    else chain.push(event);
  }
  return [...chains.values()].map(groupOf).sort((a, b) => a.anchor.seq - b.anchor.seq);
}

/** The row an event belongs to. */
function chainOf(event: Event, chains: ReadonlyMap<string, Event[]>): string {
  const family = familyOf(event.type);
  if (family === 'recipient' || family === 'enhancement' || family === 'retry') {
    return `step ${event.step_id ?? ''} ${event.entity_id ?? ''}`;
  }
  if (event.type.startsWith('consent.')) return 'consent';
  // What follows on feedback names it.
  if (event.feedback_id) return `feedback ${event.feedback_id}`;
  if (family === 'feedback' && event.type !== 'feedback.received') {
    // What follows on feedback belongs to the last that came from the same party.
    const open = [...chains].findLast(
      ([key, [first]]) => key.startsWith('feedback') && first?.entity_id === event.entity_id,
    );
    if (open !== undefined) return open[0];
  }
  return `${family === 'feedback' ? 'feedback' : 'event'} ${event.id}`;
}

function groupOf(events: Event[]): Group {
  const results = events.filter((event) => !isAttempt(event));
  const main = results.at(-1) ?? events.at(-1)!;
  const anchor = results[0] ?? events[0]!;
  const last = events.at(-1)!;
  const family = familyOf(main.type) === 'retry' ? 'recipient' : familyOf(main.type);
  const trail = family === 'feedback' ? [outcomeOf(main)] : results.map(outcomeOf);
  if (isAttempt(last)) trail.push('pending');
  const due = last.type === 'retry.scheduled' ? (last.due ?? null) : null;
  return {
    family,
    events,
    main,
    anchor,
    outcome: results.length > 0 ? outcomeOf(main) : 'pending',
    trail,
    due,
  };
}

/** Most outcomes that a row shows as icons one after the other. */
export const ICONS_MAX = 2;

/** A longer trail in words, such as `4 faults, then taken`; nothing where its icons are shown. */
export function trailWords(trail: Outcome[]): string {
  if (trail.length <= ICONS_MAX) return '';
  const last = trail.at(-1)!;
  const ends: { [outcome in Outcome]?: string } = { success: 'then taken', pending: 'then another attempt' };
  const end = ends[last];
  const before = end === undefined ? trail : trail.slice(0, -1);
  const number = (outcome: Outcome) => before.filter((it) => it === outcome).length;
  const counted: [number, string][] = [
    [number('error'), 'fault'],
    [number('failure'), 'refusal'],
  ];
  const words = counted.filter(([count]) => count > 0).map(([count, word]) => plural(count, word));
  return [listed(words), end ?? ''].filter(Boolean).join(', ');
}

/** Whether something went wrong here, or the other side said no. */
export const isProblem = ({ trail }: Group): boolean =>
  trail.some((outcome) => outcome === 'failure' || outcome === 'error');
