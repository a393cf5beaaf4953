import { expect, it } from 'vitest';

import { cursorOf } from './cursor';

it('the cursor is what the server says, other parameters aside', () => {
  expect(cursorOf('/events?type=recipient.*&limit=5&before=120')).toEqual({ before: 120, after: undefined });
  expect(cursorOf('/leads/lead_1/events?after=0')).toEqual({ before: undefined, after: 0 });
  expect(cursorOf(null)).toBeNull();
});
