import { expect, it } from 'vitest';

import { scrollToShow, sliceOf } from './virtual';

const ends = ({ indices }: { indices: number[] }) => [indices[0], indices.at(-1), indices.length];

it('of a hundred thousand rows only the seen ones and a few beyond are drawn', () => {
  expect(ends(sliceOf(100_000, 32, 0, 640))).toEqual([0, 27, 28]);
  expect(ends(sliceOf(100_000, 32, 32_000, 640))).toEqual([992, 1027, 36]);
  expect(ends(sliceOf(100_000, 32, 3_199_360, 640))).toEqual([99_972, 99_999, 28]);
  expect(sliceOf(100_000, 32, 0, 640).height).toBe(3_200_000);
});

it('the focused row stays, above and below', () => {
  expect(sliceOf(1000, 32, 16_000, 320, 3).indices[0]).toBe(3);
  expect(sliceOf(1000, 32, 16_000, 320, 900).indices.at(-1)).toBe(900);
  const inside = sliceOf(1000, 32, 16_000, 320, 505).indices;
  expect(new Set(inside).size).toBe(inside.length);
  expect(sliceOf(10, 32, 0, 320, 900).indices).not.toContain(900);
});

it('an empty or shrunken list draws nothing that is not there', () => {
  expect(sliceOf(0, 32, 0, 640).indices).toEqual([]);
  expect(sliceOf(5, 32, 10_000, 640).indices).toEqual([]);
});

it('showing a row moves the list only as far as needed', () => {
  expect(scrollToShow(5, 32, 0, 640)).toBe(0);
  expect(scrollToShow(25, 32, 0, 640)).toBe(26 * 32 + 32 - 640);
  expect(scrollToShow(2, 32, 500, 640)).toBe(32);
  expect(scrollToShow(0, 32, 500, 640)).toBe(0);
});
