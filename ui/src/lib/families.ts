//! The one registry of event types. A type it does not know is shown all the same, by its prefix, and a prefix
//! it does not know is family `other`: new events never break a page.

export type Family =
  'source' | 'filter' | 'enhancement' | 'recipient' | 'retry' | 'feedback' | 'flow' | 'other';
export type Outcome = 'success' | 'failure' | 'error' | 'skip' | 'pending' | 'none';

/** Types by family, in the order of a lead's life. */
export const TYPES: { [family in Exclude<Family, 'other'>]: string[] } = {
  source: ['source.submitted', 'source.accepted', 'source.rejected', 'source.answered'],
  filter: ['filter.passed', 'filter.failed'],
  enhancement: ['enhancement.success', 'enhancement.failure', 'enhancement.error', 'enhancement.skipped'],
  recipient: [
    'recipient.attempted',
    'recipient.delivered',
    'recipient.failed',
    'recipient.error',
    'recipient.skipped',
  ],
  retry: ['retry.scheduled', 'retry.attempted'],
  feedback: [
    'feedback.received',
    'feedback.returned',
    'feedback.processed',
    'feedback.sent',
    'consent.revoked',
    'consent.sent',
  ],
  flow: ['flow.completed'],
};

const FAMILY_OF_PREFIX: { [prefix: string]: Family } = {
  ...Object.fromEntries(Object.keys(TYPES).map((family) => [family, family as Family])),
  consent: 'feedback',
};

/** Types that only say that something began. */
const BEGINNINGS = new Set(['recipient.attempted', 'retry.scheduled', 'retry.attempted', 'source.submitted']);

const BY_SUFFIX: { [suffix: string]: Outcome } = {
  accepted: 'success',
  delivered: 'success',
  passed: 'success',
  success: 'success',
  failed: 'failure',
  failure: 'failure',
  rejected: 'failure',
  error: 'error',
  skipped: 'skip',
};

export const familyOf = (type: string): Family => FAMILY_OF_PREFIX[type.split('.', 1)[0]!] ?? 'other';

/** How it went: what the event says, and only if it says nothing, what its name does. */
export function outcomeOf(event: { type: string; outcome: string | null }): Outcome {
  const said = event.outcome;
  if (said === 'success' || said === 'failure' || said === 'error' || said === 'skip') return said;
  if (BEGINNINGS.has(event.type)) return event.type === 'source.submitted' ? 'none' : 'pending';
  return BY_SUFFIX[event.type.split('.').at(-1)!] ?? 'none';
}

export const OUTCOME_WORD: { [outcome in Outcome]: string } = {
  success: 'success',
  failure: 'failure',
  error: 'error',
  skip: 'skipped',
  pending: 'under way',
  none: 'no outcome',
};
