//! What a newcomer does first, against the mock or a real server with the demo's data.

import { expect, expectAccessible, key, rows, signIn, test, watchConsole } from './support';

test('the printed link signs in, and its key stays in no history', async ({ page }) => {
  const faults = watchConsole(page);
  await page.goto(`/ui/#key=${key()}`);
  await expect(page.getByRole('heading', { name: 'Live', level: 1 })).toBeVisible();
  expect(page.url()).toMatch(/\/ui\/live$/);
  await expect(rows(page).first()).toBeVisible();
  await page.goBack().catch(() => null);
  expect(page.url()).not.toContain('gl_');
  expect(faults).toEqual([]);
});

test('a link pasted into the sign-in page signs in, and a wrong one says so; no key stays in the address', async ({
  page,
}) => {
  await page.goto('/ui/');
  await expect(page.getByLabel('Key')).toBeVisible();
  await page.evaluate(() => (location.hash = '#key=gl_wrong'));
  await expect(page.getByRole('alert')).toContainText('The key in the link is not known here');
  expect(page.url()).not.toContain('gl_');
  await page.evaluate((secret) => (location.hash = `#key=${secret}`), key());
  await expect(page.getByRole('heading', { name: 'Live', level: 1 })).toBeVisible();
  expect(page.url()).toMatch(/\/ui\/live$/);
  await page.evaluate(() => (location.hash = '#key=gl_wrong'));
  await expect(page.getByRole('alert')).toContainText('it is not known here. You are still signed in');
  expect(page.url()).not.toContain('gl_');
});

test('a typed key signs in, a wrong one is told so, and signing out ends it', async ({ page }) => {
  await page.goto('/ui/leads');
  await page.getByLabel('Key').fill('gl_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('This key is not known here');
  await page.getByLabel('Key').fill(key());
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeVisible();
  await page.getByRole('button', { name: /^Session of/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to Glassline' })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Key')).toBeVisible();
});

test('events arrive by themselves, a pause holds them back, and the newest are one key away', async ({
  page,
}) => {
  await signIn(page);
  const newest = () => rows(page).first().getByRole('gridcell').first().textContent();
  await expect(rows(page).first()).toBeVisible();
  const first = await newest();
  await expect.poll(newest, { message: 'an event arrives' }).not.toBe(first);
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Follow' })).toBeVisible();
  const held = await newest();
  await expect(page.getByRole('button', { name: /new event/ })).toBeVisible();
  expect(await newest()).toBe(held);
  await page.keyboard.press('Shift+G');
  await expect(page.getByRole('button', { name: /new event/ })).toBeHidden();
  await expect.poll(newest).not.toBe(held);
});

test('by keyboard alone: find a lead that was not sold, read why, see the rule or event that decided', async ({
  page,
}) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeFocused();
  await page.keyboard.press('.');
  await expect(page).toHaveURL(/outcome=error,failure/);
  await expect(rows(page).first()).toContainText(/rejected|not sold|error/);
  await page.keyboard.press('j');
  await expect(rows(page).first()).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const reason = (await rows(page).first().locator('.reason').textContent())!.trim();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  const why = page.getByRole('region', { name: 'Why it was not sold' });
  await expect(why).toContainText('Stopped at');
  await expect(why).toContainText(reason.replace(/^.*?: /, ''));
  await why.getByRole('button', { name: 'Show the event' }).focus();
  await page.keyboard.press('Enter');
  const inspector = page.getByRole('region', { name: 'Event', exact: true });
  await expect(inspector.getByRole('heading', { level: 2 })).toBeFocused();
  await page.keyboard.press('4');
  await expect(inspector.getByRole('tab', { name: /Rules/ })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('[');
  await expect(page).toHaveURL(/event=evt_/);
  await page.keyboard.press('Escape');
  await expect(inspector).toBeHidden();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeVisible();
  await expect(rows(page).first()).toBeFocused();
});

test('a lead tells of each buyer why it did or did not get it, and shows the event', async ({ page }) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeFocused();
  await rows(page).filter({ hasText: 'Sold to' }).first().click();
  const buyers = page.getByRole('table', { name: 'Why each buyer did or did not get the lead' });
  const bought = buyers.getByRole('row', { name: /has it/ }).first();
  await expect(bought).toContainText('$');
  await bought.getByRole('button').click();
  const inspector = page.getByRole('region', { name: 'Event', exact: true });
  await expect(inspector).toContainText('recipient.delivered');
});

test('an event of the live list opens beside it, and its address opens it again', async ({ page }) => {
  await signIn(page, '/ui/live?type=source.*');
  await rows(page).nth(2).click();
  const inspector = page.getByRole('region', { name: 'Event', exact: true });
  await expect(inspector.getByRole('heading', { level: 2 })).toContainText('source.');
  await expect(inspector.getByRole('tab', { name: 'Summary' })).toHaveAttribute('aria-selected', 'true');
  await inspector.getByRole('tab', { name: 'Data' }).click();
  await expect(inspector.getByRole('table')).toContainText('•••');
  await expect(page).toHaveURL(/type=source\.\*&event=evt_[0-9a-f]{24}&tab=data/);
  await page.reload();
  await expect(inspector.getByRole('table')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(inspector).toBeHidden();
});

test('personal values are shown for a reason only, and masked again when the lead is left', async ({
  page,
}) => {
  await signIn(page, '/ui/leads');
  await rows(page).first().click();
  const person = page.locator('.person');
  await expect(person).toContainText('•••');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await person.getByRole('button', { name: 'Reveal…' }).click();
  await page.getByLabel('Reason').fill('complaint 1742');
  await page.keyboard.press('Enter');
  await expect(person).not.toContainText('•••');
  await expect(page.getByRole('button', { name: /PII visible/ })).toBeVisible();
  const revealing = asked.filter((url) => url.includes('reveal=1'));
  expect(revealing.length).toBeGreaterThan(0);
  expect(revealing.every((url) => /why=complaint(\+|%20)1742/.test(url))).toBe(true);
  expect(page.url()).not.toContain('complaint');
  await page.getByRole('link', { name: 'Leads' }).first().click();
  await expect(page.getByText('PII masked')).toBeVisible();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the pages are free of what axe finds, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await signIn(page);
    await expect(rows(page).first()).toBeVisible();
    await expectAccessible(page);
    await page.goto('/ui/leads');
    await expect(rows(page).first()).toBeVisible();
    await expectAccessible(page);
    await rows(page).first().click();
    await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
    await expectAccessible(page);
  });
}
