import { expect, it } from 'vitest';

import { familyOf, outcomeOf } from './families';

it('a family is told by the prefix, whatever comes after it', () => {
  expect(
    ['recipient.delivered', 'recipient.teleported', 'consent.revoked', 'flow.completed'].map(familyOf),
  ).toEqual(['recipient', 'recipient', 'feedback', 'flow']);
  expect(['privacy.erased', 'novelty', ''].map(familyOf)).toEqual(['other', 'other', 'other']);
});

it('the outcome an event names is believed before its type', () => {
  expect(outcomeOf({ type: 'feedback.processed', outcome: 'failure' })).toBe('failure');
  expect(outcomeOf({ type: 'recipient.failed', outcome: null })).toBe('failure');
  expect(outcomeOf({ type: 'recipient.error', outcome: null })).toBe('error');
  expect(outcomeOf({ type: 'recipient.attempted', outcome: null })).toBe('pending');
  expect(outcomeOf({ type: 'source.submitted', outcome: null })).toBe('none');
  expect(outcomeOf({ type: 'novel.event', outcome: 'strange' })).toBe('none');
});
