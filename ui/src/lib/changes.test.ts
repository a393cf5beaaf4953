import { expect, it } from 'vitest';

import { addedTo, changesOf, fieldsOf } from './changes';

it('what is new, other and gone is told apart, in order of path', () => {
  const before = { id: 'lead_1', zip: '78701', state: 'TX', phone: '5551234567' };
  const after = { id: 'lead_1', zip: 78701, state: 'TX', 'phone.valid': true };
  const changes = [
    { path: 'phone', kind: 'removed', before: '5551234567', after: '' },
    { path: 'phone.valid', kind: 'added', before: '', after: 'true' },
    // Text became a number: the same to the eye, and yet a change.
    { path: 'zip', kind: 'changed', before: '78701', after: '78701' },
  ];
  expect(changesOf(before, after)).toEqual({ changes, unknown: [] });
  const told = { added: ['phone.valid'], changed: ['zip'], removed: ['phone'] };
  expect(changesOf(before, after, told)).toEqual({ changes, unknown: [] });
});

it('the first event brings everything, an erased one takes everything', () => {
  const kinds = (...them: Parameters<typeof changesOf>) => changesOf(...them).changes.map(({ kind }) => kind);
  expect(kinds(null, { id: 'lead_1', a: 1 }, null)).toEqual(['added']);
  expect(kinds({ a: 1 }, null)).toEqual(['removed']);
  expect(kinds({ a: [1, 2] }, { a: [1, 2] })).toEqual([]);
});

it('of a masked value nothing is claimed, unless the server compared the clear one', () => {
  const before = { phone: '(•••) •••-0142', state: '•••', zip: '•••', city: 'Austin' };
  const after = { phone: '(•••) •••-0142', state: 'IL', zip: '•••', city: 'Chicago' };
  const city = { path: 'city', kind: 'changed', before: 'Austin', after: 'Chicago' };
  expect(changesOf(before, after)).toEqual({ changes: [city], unknown: ['phone', 'state', 'zip'] });
  const phone = { path: 'phone', kind: 'changed', before: '(•••) •••-0142', after: '(•••) •••-0142' };
  expect(changesOf(before, after, { added: [], changed: ['phone', 'city'], removed: [] })).toEqual({
    changes: [city, phone],
    unknown: [],
  });
});

it('fields are counted without the id of the lead', () => {
  expect(fieldsOf({ id: 'lead_1', state: 'TX' })).toBe(1);
  expect(addedTo({ state: '•••' }, { id: 'lead_1', state: 'TX', 'state.valid': true })).toBe(1);
});
