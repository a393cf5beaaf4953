import { expect, it } from 'vitest';

import { FOLLOWING, edgeOf, hold, isFollowing, waiting } from './follow';

it('the list follows until somebody holds it, and then stands at what it showed', () => {
  expect([isFollowing(FOLLOWING), edgeOf(FOLLOWING, 40), waiting(FOLLOWING, 40)]).toEqual([true, 40, 0]);
  const held = hold(FOLLOWING, 'scrolled', true, 40);
  expect([isFollowing(held), edgeOf(held, 55), waiting(held, 55)]).toEqual([false, 40, 15]);
});

it('it follows again only when the last hold is gone, and a second hold does not move it', () => {
  const opened = hold(FOLLOWING, 'opened', true, 40);
  const both = hold(opened, 'paused', true, 50);
  expect(edgeOf(both, 60)).toBe(40);
  const one = hold(both, 'opened', false, 60);
  expect([isFollowing(one), edgeOf(one, 60)]).toEqual([false, 40]);
  expect(hold(one, 'paused', false, 60)).toBe(FOLLOWING);
});

it('saying the same again changes nothing', () => {
  const held = hold(FOLLOWING, 'paused', true, 3);
  expect(hold(held, 'paused', true, 9)).toBe(held);
  expect(hold(FOLLOWING, 'paused', false, 9)).toBe(FOLLOWING);
});
