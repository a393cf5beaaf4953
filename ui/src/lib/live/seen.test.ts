import { afterEach, expect, it, vi } from 'vitest';

import { whileSeen } from './seen';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a tab is left when it was hidden for long, taken up when seen again, and a glance away changes nothing', () => {
  vi.useFakeTimers();
  const page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal('document', page);
  const turn = (hidden: boolean) => {
    page.hidden = hidden;
    page.dispatchEvent(new Event('visibilitychange'));
  };
  const log: string[] = [];
  const end = whileSeen({ leave: () => log.push('left'), back: () => log.push('back') });
  turn(true);
  vi.advanceTimersByTime(29_000);
  turn(false);
  expect(log).toEqual([]);
  turn(true);
  vi.advanceTimersByTime(30_000);
  turn(false);
  turn(false);
  expect(log).toEqual(['left', 'back']);
  turn(true);
  end();
  vi.advanceTimersByTime(60_000);
  expect(log).toEqual(['left', 'back']);
});
