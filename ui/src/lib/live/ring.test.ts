import { expect, it } from 'vitest';

import { Ring, type Row } from './ring';

const row = (seq: number, more: Partial<Row> = {}): Row => ({
  ...{ seq, id: `evt_${seq}`, type: 'filter.passed', timestamp: '', lead_id: null, flow_id: null },
  ...{ entity_id: null, outcome: null, reason: null, ...more },
});

const held = (ring: Ring) =>
  Array.from({ length: ring.length }, (_, index) => ring.at(ring.start + index)!.seq);

it('the oldest rows fall out, and positions of the others stay', () => {
  const ring = new Ring(3);
  for (const seq of [1, 2, 3]) ring.push(row(seq));
  const position = ring.find('evt_3');
  ring.push(row(4));
  ring.push(row(9));
  expect(held(ring)).toEqual([3, 4, 9]);
  expect(ring.at(position)!.seq).toBe(3);
  expect(ring.at(0)).toBeUndefined();
  expect(ring.at(ring.end)).toBeUndefined();
  expect(ring.find('evt_1')).toBe(-1);
});

it('what is told twice, as after a reconnect, is taken in once', () => {
  const ring = new Ring(10);
  const taken = [5, 6, 6, 5, 7].map((seq) => ring.push(row(seq)));
  expect(taken).toEqual([true, true, false, false, true]);
  expect(held(ring)).toEqual([5, 6, 7]);
});

it('nothing from within a marked gap comes after its mark', () => {
  const ring = new Ring(10);
  ring.push(row(1));
  ring.push(row(2, { gap_to: 8 }));
  expect(ring.push(row(8))).toBe(false);
  expect(ring.push(row(9))).toBe(true);
});

it('a cleared ring goes on counting', () => {
  const ring = new Ring(3);
  ring.push(row(1));
  ring.clear();
  expect([ring.length, ring.end]).toEqual([0, 1]);
  ring.push(row(2));
  expect(held(ring)).toEqual([2]);
});
