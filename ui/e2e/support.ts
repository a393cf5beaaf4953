//! What the specs share: signing in, the axe run, and the mock's controls.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { expect, test, type Page } from '@playwright/test';

/** A key that may do everything, of whichever server the test is for. */
export function key(): string {
  const real = test.info().project.name === 'server';
  return (real ? process.env.GLASSLINE_KEY : undefined) ?? 'gl_mock_admin';
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** No rule of WCAG 2.2 AA that axe knows is broken on the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async (tags) => {
    const run = (
      globalThis as unknown as {
        axe: { run(on: Document, how: object): Promise<{ violations: Violation[] }> };
      }
    ).axe;
    return (
      await run.run(document, {
        runOnly: { type: 'tag', values: tags },
        // No rule of WCAG, and yet: whoever goes from landmark to landmark must find everything.
        rules: { region: { enabled: true } },
      })
    ).violations;
  }, TAGS);
  const told = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map((node) => `  ${node.target.join(' ')} ${node.failureSummary}`).join('\n')}`,
  );
  expect(told, told.join('\n')).toEqual([]);
}

/** Signs in as the link that the demo prints does. */
export async function signIn(page: Page, path = '/ui/live', secret = key()): Promise<void> {
  const reply = await page.request.post('/session', { data: { key: secret } });
  expect(reply.status()).toBe(204);
  await page.goto(path);
}

/** Fails the test when the page logs an error or breaks its own content security policy. */
export function watchConsole(page: Page, ignored: RegExp = /status of 401/): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !ignored.test(message.text())) faults.push(message.text());
  });
  return faults;
}

/** A lead of a story, lived at once; only the mock can do this. */
export async function submit(page: Page, story: string): Promise<string> {
  const reply = await page.request.get(`/mock/submit?story=${story}&pace=Infinity`);
  return ((await reply.json()) as { id: string }).id;
}

export const rows = (page: Page) => page.getByTestId('row');

export { expect, test };
