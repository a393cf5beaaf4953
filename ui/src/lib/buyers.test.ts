import { describe, expect, it } from 'vitest';

import type { Explained } from './api/client';
import { buyerGroups } from './buyers';

const told = (step_id: string, status: string, more: Partial<Explained> = {}): Explained => ({
  ...{ step_id, entity_id: `buyer_${step_id}`, group: null, status, reason: null, reason_code: null },
  ...{ bid: null, price: null, may_have_lead: false, attempts: 0, event_id: null, rules: [], ...more },
});

describe('buyers of a lead', () => {
  it('stand group by group, in the order of the flow', () => {
    const groups = buyerGroups([
      told('north', 'delivered', {
        group: 'auction',
        bid: 12.5,
        price: 12.5,
        attempts: 2,
        event_id: 'evt_1',
      }),
      told('south', 'outbid', { group: 'auction', bid: 9 }),
      told('office', 'delivered', { attempts: 1 }),
      told('crm', 'skipped', { reason: 'Paused' }),
    ]);
    expect(groups.map(({ group, rows }) => [group, rows.map((row) => row.stepId)])).toEqual([
      ['auction', ['north', 'south']],
      [null, ['office']],
      [null, ['crm']],
    ]);
    const [north, south] = groups[0]!.rows;
    expect([north!.outcome, north!.status, north!.eventId]).toEqual([
      'success',
      'has it, after 2 attempts',
      'evt_1',
    ]);
    expect([south!.outcome, south!.status]).toEqual(['skip', 'outbid']);
    expect(groups[2]!.rows[0]!.reason).toBe('Paused');
  });

  it('say whether one that is tried again may have it already', () => {
    const status = (may_have_lead: boolean) =>
      buyerGroups([told('a', 'waiting', { may_have_lead, attempts: 2 })])[0]!.rows[0]!.status;
    expect(status(true)).toBe('will be tried again, may have it, after 2 attempts');
    expect(status(false)).toBe('will be tried again, after 2 attempts');
  });

  it('say a status that a newer server may have', () => {
    expect(buyerGroups([told('a', 'dreaming')])[0]!.rows[0]).toMatchObject({
      outcome: 'none',
      status: 'dreaming',
    });
  });
});
