import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** The tokens that are colours, by theme. */
const colours = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name!, { light: light!, dark: dark! }] as const,
  ),
);
const THEMES = ['light', 'dark'] as const;
const SURFACES = ['bg', 'sunken', 'raised', 'hover', 'selected'];
const FAMILIES = ['source', 'filter', 'enhancement', 'recipient', 'feedback', 'retry', 'other'];
const OUTCOMES = ['success', 'failure', 'error'];
const CHANGES = ['added', 'changed', 'removed'];

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light! + 0.05) / (dark! + 0.05);
}

function pair(front: string, back: string, theme: (typeof THEMES)[number]): number {
  const [ink, paper] = [colours.get(front), colours.get(back)];
  if (ink === undefined || paper === undefined) throw new Error(`no token ${ink ? back : front}`);
  return contrast(ink[theme], paper[theme]);
}

describe.each(THEMES)('in the %s theme', (theme) => {
  it.each(SURFACES)('text of every kind is read easily on %s', (surface) => {
    for (const text of ['text', 'muted', ...OUTCOMES, 'pending']) {
      expect(pair(text, surface, theme), `${text} on ${surface}`).toBeGreaterThanOrEqual(5);
    }
  });

  it('a link is read easily on every surface', () => {
    for (const surface of SURFACES)
      expect(pair('accent', surface, theme), surface).toBeGreaterThanOrEqual(4.9);
    expect(pair('on-accent', 'accent', theme)).toBeGreaterThanOrEqual(5);
  });

  it('chips are read easily on their own tint', () => {
    for (const name of [...FAMILIES, ...OUTCOMES]) {
      expect(pair(name, `${name}-tint`, theme), name).toBeGreaterThanOrEqual(5);
    }
  });

  it('what changed is read easily on its tint', () => {
    for (const name of CHANGES) expect(pair(name, `${name}-tint`, theme), name).toBeGreaterThanOrEqual(7);
  });

  it('the border of a control stands out from every surface', () => {
    for (const surface of SURFACES) {
      expect(pair('border-control', surface, theme), surface).toBeGreaterThanOrEqual(3);
    }
  });
});

it('no colour of a token escapes these tests', () => {
  const tested = [
    ...[...SURFACES, 'text', 'muted', 'pending', 'accent', 'on-accent', 'border-control'],
    ...[...FAMILIES, ...OUTCOMES, ...CHANGES].flatMap((name) => [name, `${name}-tint`]),
  ];
  // A line only parts what is apart anyway.
  expect([...colours.keys()].filter((name) => name !== 'line').sort()).toEqual([...new Set(tested)].sort());
});
