//! Why each buyer did or did not get a lead, as rows of a table.

import type { Explained } from './api/client';
import type { Outcome } from './families';
import { plural } from './format';

/** One buyer, and how it stands with the lead. */
export interface BuyerRow {
  stepId: string;
  entityId: string;
  outcome: Outcome;
  /** What became of it, in a word or two. */
  status: string;
  /** Why, in the words of the event; nothing where the status says all. */
  reason: string;
  bid: number | null;
  price: number | null;
  /** The event that tells so. */
  eventId: string | null;
}

/** Rows that belong together: those of a group, or one recipient alone. */
export interface BuyerGroup {
  group: string | null;
  rows: BuyerRow[];
}

const STATUS: { [status: string]: [Outcome, string] } = {
  delivered: ['success', 'has it'],
  declined: ['failure', 'said no'],
  error: ['error', 'fault'],
  waiting: ['pending', 'will be tried again'],
  unknown: ['error', 'may have it'],
  skipped: ['skip', 'not asked'],
  bid: ['pending', 'bid'],
  outbid: ['skip', 'outbid'],
  sold_elsewhere: ['skip', 'sold elsewhere'],
  not_reached: ['none', 'not reached'],
  disabled: ['none', 'switched off'],
  pending: ['pending', 'under way'],
};

/** What the server tells of each recipient, in the order of the flow, group by group. */
export function buyerGroups(explained: Explained[]): BuyerGroup[] {
  const groups: BuyerGroup[] = [];
  for (const told of explained) {
    const [outcome, status] = STATUS[told.status] ?? ['none', told.status];
    const maybe = told.status === 'waiting' && told.may_have_lead ? ', may have it' : '';
    const again = told.attempts > 1 ? `, after ${plural(told.attempts, 'attempt')}` : '';
    const row: BuyerRow = {
      stepId: told.step_id,
      entityId: told.entity_id,
      outcome,
      status: `${status}${maybe}${again}`,
      reason: told.reason ?? '',
      bid: told.bid,
      price: told.price,
      eventId: told.event_id,
    };
    const last = groups.at(-1);
    if (last && told.group !== null && last.group === told.group) last.rows.push(row);
    else groups.push({ group: told.group, rows: [row] });
  }
  return groups;
}
