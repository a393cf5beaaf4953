import { expect, it } from 'vitest';

import { clock, day, isMasked, listed, money, plural, shortId, span } from './format';

it('spans are read in two units at most', () => {
  const spans = [0, 1, 245, 999.6, 1000, 5000, 9994, 9996, 59_990, 60_000, 125_000, 16_199_000, 266_400_000];
  expect(spans.map((ms) => span(ms).replaceAll('\u00a0', ' '))).toEqual([
    '< 1 ms',
    '1 ms',
    '245 ms',
    '1.00 s',
    '1.00 s',
    '5.00 s',
    '9.99 s',
    '10.0 s',
    '60.0 s',
    '1 m',
    '2 m 5 s',
    '4 h 29 m',
    '3 d 2 h',
  ]);
  expect(span(undefined)).toBe('–');
  expect(spans.map(span).join(''), 'no number parts from its unit').not.toContain(' ');
});

it('money keeps its exact places and a true minus', () => {
  expect([25, 0, -3.5, 1234.5, 0.000001, null].map(money)).toEqual([
    '$25.00',
    '$0.00',
    '−$3.50',
    '$1,234.50',
    '$0.000001',
    '–',
  ]);
});

it('times are UTC, and a day of another year names it', () => {
  expect(clock('2024-01-15T14:30:45.123Z')).toBe('14:30:45.123');
  expect(day('2024-01-15T23:59:59.999Z', new Date('2024-06-01'))).toBe('15 Jan');
  expect(day('2024-01-15T00:00:00Z', new Date('2026-06-01'))).toBe('15 Jan 2024');
  expect([clock('soon'), day('soon')]).toEqual(['soon', '']);
});

it('ids are cut to what tells them apart', () => {
  expect(shortId('lead_018d0d882d57aa10f3e7715b')).toBe('lead_…e7715b');
  expect(shortId('buyer_premier')).toBe('buyer_premier');
});

it('words around numbers fit them', () => {
  expect([plural(1, 'event'), plural(0, 'event'), plural(2, 'party', 'parties')]).toEqual([
    '1 event',
    '0 events',
    '2 parties',
  ]);
  expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});

it('a masked value is known by its dots', () => {
  expect([isMasked('j•••@example.com'), isMasked(['•••']), isMasked('Joan'), isMasked(null)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
