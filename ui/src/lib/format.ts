//! Numbers, times and ids as people read them. All times are UTC.

const DASH = '–';

/** `14:30:45.123` */
export const clock = (timestamp: string): string =>
  /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(timestamp)?.[1] ?? timestamp;

/** `24 Nov` or, of another year than `now`, `24 Nov 2025`. */
export function day(timestamp: string, now = new Date()): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.valueOf())) return '';
  const year = date.getUTCFullYear() === now.getUTCFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year, timeZone: 'UTC' });
}

/** How long something took: `< 1 ms`, `245 ms`, `5.00 s`, `2 m 5 s`, `4 h 29 m`, `3 d 2 h`; no line breaks within it. */
export const span = (ms: number | null | undefined): string => spanWords(ms).replaceAll(' ', '\u00a0');

function spanWords(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return DASH;
  if (ms < 0.5) return '< 1 ms';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  const units: [string, number][] = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ];
  const first = units.findIndex(([, count]) => count > 0);
  const shown = units.slice(first, first + 2).filter(([, count]) => count > 0);
  return shown.map(([unit, count]) => `${count} ${unit}`).join(' ');
}

/** `$25.00`, `−$3.50`, and as many places as an exact price has, up to six. */
export function money(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return DASH;
  const digits = Math.abs(amount).toLocaleString('en-US', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  });
  return `${amount < 0 ? '−' : ''}$${digits}`;
}

export const count = (number: number): string => number.toLocaleString('en-US').replaceAll(',', '\u2009');

/** `1 event`, `2 events` */
export const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

/** An id short enough for a row: `lead_…e7715b`. The last digits are random, the first only tell the time. */
export function shortId(id: string): string {
  const match = /^([a-z]+_)[0-9a-f]{12,}([0-9a-f]{6})$/.exec(id);
  return match ? `${match[1]}…${match[2]}` : id;
}

/** Whether there is a number; members of an event may be missing or null. */
export const isNumber = (value: unknown): value is number => typeof value === 'number';

/** A value of a lead as text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether the server hides this value. */
export const isMasked = (value: unknown): boolean => valueText(value).includes('•••');

/** `a, b and c` */
export function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
