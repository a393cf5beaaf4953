//! Every state of the pages that a real server seldom shows: empty, filtered to nothing, refused, broken,
//! offline, no such thing. Against the mock, whose leads live the story that a test asks for.

import { expect, expectAccessible, rows, signIn, submit, test, watchConsole } from './support';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 400, height: 860 },
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of SIZES) {
    test(`axe finds nothing on any page or dialog: ${colorScheme}, ${viewport.width} px`, async ({
      page,
    }) => {
      test.slow();
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      const faults = watchConsole(page, /status of (401|403|404)/);

      await page.goto('/ui/');
      await expect(page.getByLabel('Key')).toBeVisible();
      await expectAccessible(page);

      await signIn(page, '/ui/live?outcome=-skip');
      await expect(rows(page).first()).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keys and help' })).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('f');
      await expect(page.getByRole('button', { name: 'Add filter' })).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: /^Session of/ }).click();
      await expectAccessible(page);
      await page.keyboard.press('Escape');

      await page.goto('/ui/leads');
      await expect(rows(page).first()).toBeVisible();
      await expectAccessible(page);

      for (const story of ['outsideArea', 'retried', 'retriedOften', 'converted', 'outage']) {
        const id = await submit(page, story);
        await page.goto(`/ui/leads/${id}`);
        await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
        const fold = page.getByRole('button', { name: /events? of/ }).first();
        if (story === 'retried') await fold.click();
        await expectAccessible(page);
      }

      const id = await submit(page, 'soldToTwo');
      await page.goto(`/ui/leads/${id}`);
      await page.getByRole('button', { name: 'Reveal…' }).first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await page
        .getByRole('button', { name: /Brightside Energy/ })
        .first()
        .click();
      const inspector = page.getByRole('region', { name: 'Event', exact: true });
      for (const tab of ['Data', 'Changes', 'Rules', 'HTTP', 'Raw', 'Summary']) {
        await inspector.getByRole('tab', { name: tab }).click();
        await expect(inspector.getByRole('tabpanel')).toBeVisible();
        await expectAccessible(page);
      }
      await inspector.getByRole('link', { name: 'Open as a page' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toContainText('recipient.delivered');
      await expectAccessible(page);

      await page.goto('/ui/leads/lead_000000000000000000000000');
      await expect(page.getByRole('alert')).toContainText('There is no such lead here');
      await expectAccessible(page);
      await page.goto('/ui/events/evt_000000000000000000000000');
      await expect(page.getByRole('alert')).toContainText('There is no such event here');
      await expectAccessible(page);
      await page.goto('/ui/nowhere');
      await expect(page.getByText('is no address of Glassline')).toBeVisible();
      await expectAccessible(page);
      expect(faults).toEqual([]);
    });
  }
}

test('no page scrolls sideways at 320 px', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 700 });
  await signIn(page, '/ui/live');
  const id = await submit(page, 'retried');
  for (const path of [
    '/ui/live',
    '/ui/leads',
    `/ui/leads/${id}`,
    '/ui/leads?state=sold&outcome=success&start=-24h',
  ]) {
    await page.goto(path);
    await expect(page.locator('main h1')).toBeVisible();
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(inner, path).toBeLessThanOrEqual(outer!);
  }
});

test('a rejected lead says in words why and where it stopped', async ({ page }) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'outsideArea')}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Not sold: State not in approved list/);
  const why = page.getByRole('region', { name: 'Why it was not sold' });
  await expect(why).toContainText('Stopped at the filter service_area: State not in approved list');
  await expect(why).toContainText('Rule 2 of 2 was not met: state is included in TX, OK, CA, LA');

  await page.goto(`/ui/leads/${await submit(page, 'missingField')}`);
  await expect(why).toContainText('Stopped at the way in, before any step: Missing required field: email');

  await page.goto(`/ui/leads/${await submit(page, 'nobody')}`);
  await expect(why).toContainText('The source was told: No buyer');
});

test('a fault and its retry are one row, which unfolds into its events', async ({ page }) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'retried')}`);
  const row = page.locator('.row', { hasText: '2 attempts' });
  await expect(row).toHaveCount(1);
  await row.getByRole('button', { name: '6 events of' }).click();
  await expect(page.locator('.inner').getByRole('button')).toHaveText([
    /recipient\.attempted/,
    /recipient\.error.*Service timeout after 10000ms/,
    /retry\.scheduled/,
    /retry\.attempted/,
    /recipient\.attempted.*attempt 2/,
    /recipient\.delivered.*attempt 2 · \$25\.00/,
  ]);
});

for (const viewport of SIZES) {
  test(`five attempts leave their row its text: ${viewport.width} px`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await signIn(page);
    await page.goto(`/ui/leads/${await submit(page, 'retriedOften')}`);
    const row = page.locator('.row', { hasText: '5 attempts' });
    await expect(row).toContainText('4 faults, then taken');
    const box = async (part: string) => (await row.locator(part).boundingBox())!;
    const [note, trail, time, title] = [
      await box('.note'),
      await box('.trail'),
      await box('.time'),
      await box('.title'),
    ];
    expect(note.width).toBeGreaterThan(140);
    expect(trail.width).toBeLessThan(60);
    expect(title.width).toBeGreaterThan(50);
    expect(title.height, 'the name is in one line').toBeLessThan(24);
    if (viewport.width < 640) expect(trail.x + trail.width).toBeLessThanOrEqual(time.x);
    else expect(trail.x + trail.width).toBeLessThanOrEqual(note.x);
  });
}

test('a sale by a late retry says so beside the answer that was none, alike in list, page and tab', async ({
  page,
}) => {
  await signIn(page);
  const id = await submit(page, 'retriedOften');
  await page.goto(`/ui/leads/${id}`);
  await expect(page.getByRole('region', { name: 'A late sale' })).toContainText(
    /Sold by a retry .+ after the source was told: No buyer\. \$15\.00 were offered for it, but .* cost nothing/,
  );
  await expect(page.locator('.row', { hasText: 'Accepted' })).toContainText('$15.00 offered');
  // Premier was skipped, and so not asked.
  const heading = page.getByRole('heading', { level: 1 });
  await expect(heading).toHaveText(/Sold to (Brightside Energy|Shingle Co)$/);
  const text = (await heading.innerText()).replace(/^success/, '').trim();
  expect(await page.title()).toMatch(new RegExp(`^${text} · `));
  await page.goto('/ui/leads');
  const row = rows(page).filter({ has: page.locator(`[title="${id}"]`) });
  await expect(row.locator('.reason')).toHaveText(text);
});

test('values of a lead have names, and ids in the inspector stand in one line', async ({ page }) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'missingField')}`);
  await expect(page.locator('.person dt')).toHaveText([
    'first_name',
    'last_name',
    'phone_1',
    'state',
    'postal_code',
  ]);
  await page.goto(`/ui/leads/${await submit(page, 'sold')}`);
  const id = page.getByRole('tabpanel').getByText(/^evt_[0-9a-f]{24}$/);
  expect((await id.boundingBox())!.height).toBeLessThan(24);
});

test('changes are those of the clear values, and without them nothing is claimed of masked ones', async ({
  page,
}) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'sold')}`);
  await page.getByTitle('source.accepted').click();
  const inspector = page.getByRole('region', { name: 'Event', exact: true });
  await inspector.getByRole('tab', { name: 'Changes' }).click();
  const panel = inspector.getByRole('tabpanel');
  // It was in capitals, which its mask does not show.
  const email = panel.getByRole('listitem').filter({ hasText: /~\s*email\s*changed/ });
  await expect(email.locator('del')).toHaveText(/^.•••@example\.com$/);
  expect(await email.locator('ins').innerText()).toBe(await email.locator('del').innerText());
  await expect(panel).toContainText('those behind them were compared, and differ');
  await expect(panel).not.toContainText('reveal to compare');

  await page.route(/\/events\/evt_/, async (route) => {
    const { changes: _changes, ...event } = (await (await route.fetch()).json()) as { changes: unknown };
    await route.fulfill({ json: event });
  });
  await page.reload();
  await expect(panel).toContainText('1 field is masked: reveal to compare.');
  await expect(email).toHaveCount(0);
  await expect(panel.getByRole('listitem').filter({ hasText: 'home_owner' })).toContainText('yes');
});

test('values are copied from the tab Data, and masks are not', async ({ page }) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'sold')}?tab=data`);
  const row = (path: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: path, exact: true }) });
  await expect(row('product').getByRole('button', { name: 'Copy the value of product' })).toBeVisible();
  await expect(row('email')).toContainText('•••');
  await expect(row('email').getByRole('button')).toHaveCount(0);
});

test('what is not there is said alike on all pages, with a way on', async ({ page }) => {
  await signIn(page);
  const heads = [];
  for (const path of [
    'leads/lead_000000000000000000000000',
    'events/evt_000000000000000000000000',
    'nowhere',
  ]) {
    await page.goto(`/ui/${path}`);
    const head = page.getByRole('heading', { level: 2, name: /^There is no/ });
    const { x, y, width } = (await head.boundingBox())!;
    heads.push([Math.round(x + width / 2), Math.round(y)]);
    await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
    await page.getByRole('link', { name: 'All leads' }).click();
    await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeVisible();
  }
  expect(heads).toEqual([heads[0], heads[0], heads[0]]);
});

for (const viewport of [...SIZES, { width: 1440, height: 900 }]) {
  test(`the count of new events covers no row: ${viewport.width} px`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await signIn(page);
    await expect(rows(page).first()).toBeVisible();
    const before = (await page.getByRole('grid').boundingBox())!;
    await page.keyboard.press('Space');
    const pill = page.getByRole('button', { name: /^\d+ new events?/ });
    const { y, height } = (await pill.boundingBox())!;
    expect(y + height).toBeLessThanOrEqual(before.y);
    expect((await page.getByRole('grid').boundingBox())!.y, 'no row moved').toBe(before.y);
  });
}

test('beside the inspector a reason is read whole, and the price is there', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await signIn(page);
  const ids = [await submit(page, 'missingField'), await submit(page, 'sold')];
  // These alone, so that no row moves away from the pointer.
  await page.goto(`/ui/live?lead_id=${ids.join()}`);
  const reason = rows(page).locator('.reason', { hasText: 'Missing required field: email' }).first();
  await reason.click();
  await expect(page.getByRole('region', { name: 'Event', exact: true })).toBeVisible();
  await expect(page.getByRole('columnheader', { name: 'Price' })).toBeVisible();
  await expect(rows(page).locator('.price', { hasText: '$15.00' }).first()).toBeVisible();
  const [needed, given] = await reason.evaluate((it) => [it.scrollWidth, it.clientWidth]);
  expect(needed).toBeLessThanOrEqual(given!);
});

test('on a phone every row says whose it is', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page);
  const id = await submit(page, 'sold');
  await page.goto(`/ui/live?lead_id=${id}`);
  const row = rows(page)
    .filter({ has: page.locator(`[title="${id}"]`) })
    .first();
  await expect(row.getByRole('link')).toBeVisible();
  await expect(row).toContainText(id.slice(-6));
  await page.goto('/ui/leads');
  await expect(row.getByRole('link')).toBeVisible();
  await expect(row.locator('.source')).toBeVisible();
  await expect(row.locator('.source')).not.toBeEmpty();
});

test('rows tell how long others took, and not that nothing took any time', async ({ page }) => {
  await signIn(page);
  await page.goto(`/ui/leads/${await submit(page, 'sold')}`);
  await expect(page.locator('.row', { hasText: 'Phone validation' }).locator('.took')).toHaveText(
    /^\d+\sms$/,
  );
  await expect(page.locator('.row', { hasText: 'service_area' }).locator('.took')).toHaveText('');
  await expect(page.getByText(/\+[01]\sms/)).toHaveCount(0);
});

test('o goes from an event to its lead', async ({ page }) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('Space');
  await page.keyboard.press('j');
  const row = page.locator('[role="row"]:focus');
  const id = (await row.getByRole('link').getAttribute('title'))!;
  await page.keyboard.press('o');
  await expect(page).toHaveURL(new RegExp(`/ui/leads/${id}$`));
  await page.goBack();
  await rows(page).first().click();
  const inspector = page.getByRole('region', { name: 'Event', exact: true });
  const lead = (await inspector.locator('.ids a').getAttribute('href'))!;
  await page.keyboard.press('o');
  await expect(page).toHaveURL(new RegExp(`${lead}$`));
});

test('leads that lost money are found by their margin', async ({ page }) => {
  await signIn(page, '/ui/leads');
  await expect(rows(page).first()).toBeVisible();
  const id = await submit(page, 'negativeMargin');
  await page.keyboard.press('f');
  await page.getByLabel('Filter by').selectOption({ label: 'Margin at most' });
  await expect(page.getByLabel('Value')).toHaveValue('-0.01');
  await page.getByLabel('Value').fill('-1.5');
  await page.getByRole('button', { name: 'Add filter' }).press('Enter');
  await expect(page).toHaveURL(/\?max_margin=-1\.5$/);
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText('Margin at most −$1.50');
  await expect(rows(page).filter({ has: page.locator(`[title="${id}"]`) })).toContainText('−$3.00');
  for (const text of await rows(page).locator('.margin').allTextContents()) expect(text).toContain('−');
});

test('the rows of a list reach its right edge', async ({ page }) => {
  await signIn(page);
  const row = (await rows(page).first().boundingBox())!;
  const list = (await page.getByRole('grid').boundingBox())!;
  expect(row.x + row.width).toBe(list.x + list.width);
});

test('a lead that is under way grows on screen', async ({ page }) => {
  await signIn(page);
  const reply = await page.request.get('/mock/submit?story=outage');
  const { id } = (await reply.json()) as { id: string };
  // Its service needs five seconds to give up: the page is there before.
  await page.waitForResponse((it) => it.url().includes('/events/stream'));
  await page.goto(`/ui/leads/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/On its way through the flow/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Sold to/);
});

test('a search takes ids only, and says so', async ({ page }) => {
  await signIn(page);
  const id = await submit(page, 'sold');
  const search = page.getByLabel('Go to a lead or event by its id');
  await expect(async () => {
    await page.keyboard.press('/');
    await expect(search).toBeFocused({ timeout: 500 });
  }).toPass();
  await search.fill('joan@example.com');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('That is no id');
  expect(page.url()).not.toContain('joan');
  await search.fill(` ${id} `);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/ui/leads/${id}$`));
});

test('filters that nothing matches say so, and one button takes them away', async ({ page }) => {
  await signIn(page, '/ui/live?type=feedback.sent');
  await expect(page.getByText('No events match these filters yet')).toBeVisible();
  await page.getByRole('button', { name: 'Show all events' }).click();
  await expect(rows(page).first()).toBeVisible();
  await page.goto('/ui/leads?source_id=src_nobody');
  await expect(page.getByText('No leads match these filters')).toBeVisible();
  await page.getByRole('button', { name: 'Remove the filter Source src_nobody' }).click();
  await expect(rows(page).first()).toBeVisible();
  await expect(page).toHaveURL(/\/ui\/leads$/);
});

test('a filter is added by keyboard, "not" included, and is in the address', async ({ page }) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('f');
  await page.getByLabel('Filter by').selectOption('type');
  await page.getByLabel('Which').selectOption('is not');
  await page.getByLabel('Value').selectOption('source.*');
  await page.getByRole('button', { name: 'Add filter' }).press('Enter');
  await expect(page).toHaveURL(/\?type=-source\.\*$/);
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText('Type is not source.*');
  await expect(rows(page).first()).toBeVisible();
  await expect(rows(page).filter({ hasText: 'source.' })).toHaveCount(0);
});

test('dims and fields are filtered by, in both lists', async ({ page }) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('f');
  await page.getByLabel('Filter by').selectOption('dim');
  await page.getByLabel('Its name').selectOption('lead.product');
  await page.getByLabel('Value').selectOption('roof');
  await page.getByRole('button', { name: 'Add filter' }).press('Enter');
  await expect(page).toHaveURL(/\?dim\.lead\.product=roof$/);
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText('lead.product roof');
  await expect(rows(page).first()).toBeVisible();
  await rows(page).first().click();
  await expect(page.getByRole('term').filter({ hasText: /^product$/ })).toBeVisible();

  await page.goto('/ui/leads?has.email=false');
  await expect(page.getByRole('group', { name: 'Filters' })).toContainText('email is absent');
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('button', { name: 'Remove the filter email is absent' }).click();
  await page.keyboard.press('f');
  await page.getByLabel('Filter by').selectOption('valid');
  await page.getByLabel('Its name').selectOption('phone_1');
  await page.getByLabel('Value').selectOption('false');
  await page.getByRole('button', { name: 'Add filter' }).press('Enter');
  await expect(page).toHaveURL(/\/ui\/leads\?valid\.phone_1=false$/);
  await expect(page.getByText('No leads match these filters')).toBeVisible();
});

test('a key without the right to read is told which right it lacks', async ({ page }) => {
  await signIn(page, '/ui/leads', 'gl_mock_submit');
  await expect(page.getByRole('alert')).toContainText('It lacks the scope read');
  await expect(page.getByRole('button', { name: /Filter|Refresh|Only problems/ })).toHaveCount(0);
  await page.goto('/ui/live');
  await expect(page.getByRole('alert')).toContainText('It lacks the scope read');
  await expect(page.getByRole('button', { name: /Pause|Clear|Filter|Only problems/ })).toHaveCount(0);
});

test('a key without the right to see values is not offered them', async ({ page }) => {
  await signIn(page, '/ui/leads', 'gl_mock_reader');
  const id = await submit(page, 'sold');
  await page.goto(`/ui/leads/${id}`);
  await expect(page.locator('.person')).toContainText('takes a key with the scope pii:read');
  await expect(page.getByRole('button', { name: 'Reveal…' })).toHaveCount(0);
});

test('a fault of the server is told in its place with the id of the request, and tried again', async ({
  page,
}) => {
  await signIn(page);
  await page.route('**/leads?*', (route) =>
    route.fulfill({
      status: 500,
      json: {
        error: { code: 'internal', message: 'something went wrong here', field: null, request_id: 'req_7' },
      },
    }),
  );
  await page.goto('/ui/leads');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Leads could not be loaded');
  await expect(alert).toContainText('req_7');
  await page.unroute('**/leads?*');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(rows(page).first()).toBeVisible();
});

test('without a server the rows stay, and a later try brings new ones', async ({ page, context }) => {
  await signIn(page, '/ui/leads');
  await expect(rows(page).first()).toBeVisible();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await expect(page.locator('.stale')).toContainText(
    'The server does not answer. What you see was loaded at',
  );
  await expect(rows(page).first()).toBeVisible();
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('The server does not answer')).toBeHidden();
});

test('a stream that breaks is taken up again without an event lost or told twice', async ({ page }) => {
  await signIn(page, '/ui/live?type=source.submitted');
  await expect(rows(page).first()).toBeVisible();
  await page.route('**/events/stream?*', (route) => route.abort());
  await page.request.get('/mock/drop');
  await expect(page.getByText('The connection is lost; trying again.')).toBeVisible();
  const id = await submit(page, 'sold');
  await page.unroute('**/events/stream?*');
  await expect(page.getByText('The connection is lost; trying again.')).toBeHidden();
  await expect(rows(page).filter({ has: page.locator(`[title="${id}"]`) })).toHaveCount(1);
});

test('an ended session asks for a key and comes back to the same page', async ({ page, context }) => {
  await signIn(page, '/ui/leads?state=sold');
  await expect(rows(page).first()).toBeVisible();
  await context.clearCookies();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await page.getByLabel('Key').fill('gl_mock_admin');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Leads', level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/ui\/leads\?state=sold$/);
});

test('single keys can be switched off, and then do nothing', async ({ page }) => {
  await signIn(page);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('?');
  await page.getByRole('checkbox').uncheck();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(/\/ui\/live$/);
});

test('a chosen theme stays, and is there before the first paint', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await signIn(page);
  const button = page.getByRole('button', { name: /^Theme:/ });
  await button.click();
  await button.click();
  await expect(button).toHaveAccessibleName('Theme: dark. Change to system');
  await page.reload({ waitUntil: 'commit' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('Back finds the list as it was left', async ({ page }) => {
  await signIn(page, '/ui/leads');
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('End');
  // More leads are loaded at the end, so the row that has the focus need not stay the last.
  const row = page.locator('[role="row"]:focus');
  await expect(row).toHaveAttribute('data-index', /^[1-9]\d+$/);
  const id = await row.getByRole('link').getAttribute('title');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
  await page.goBack();
  await expect(row.getByRole('link')).toHaveAttribute('title', id!);
  await expect(row).toBeInViewport();
});
