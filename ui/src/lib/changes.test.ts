import { expect, it } from 'vitest';

import { changesOf, fieldsOf, mayHideChanges } from './changes';

it('what is new, other and gone is told apart, in order of path', () => {
  const before = { id: 'lead_1', zip: '78701', state: 'TX', phone: '5551234567' };
  const after = { id: 'lead_1', zip: 78701, state: 'TX', 'phone.valid': true };
  expect(changesOf(before, after)).toEqual([
    { path: 'phone', kind: 'removed', before: '5551234567', after: '' },
    { path: 'phone.valid', kind: 'added', before: '', after: 'true' },
    // Text became a number: the same to the eye, and yet a change.
    { path: 'zip', kind: 'changed', before: '78701', after: '78701' },
  ]);
});

it('the first event brings everything, an erased one takes everything', () => {
  expect(changesOf(null, { id: 'lead_1', a: 1 }).map((it) => it.kind)).toEqual(['added']);
  expect(changesOf({ a: 1 }, null).map((it) => it.kind)).toEqual(['removed']);
  expect(changesOf({ a: [1, 2] }, { a: [1, 2] })).toEqual([]);
});

it('masked values may hide a change', () => {
  expect(mayHideChanges({ email: 'j•••@example.com' })).toBe(true);
  expect(mayHideChanges({ state: 'TX' })).toBe(false);
  expect(fieldsOf({ id: 'lead_1', state: 'TX' })).toBe(1);
});
