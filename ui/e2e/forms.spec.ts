//! Leads from forms of plain HTML, filled in and sent by a real browser to a real server.

import { expect, key, test } from './support';

const FLOW = `
entities:
  src_forms: { kind: source, name: Forms of browsers }
flow:
  id: flow_forms
  name: Forms
  fields: { first_name: first_name, email: email, comments: string, interests: list }
  sources: [ { entity: src_forms, key_required: false } ]
`;
const SUBMIT = '/flows/flow_forms/sources/src_forms/submit';

const form = (action: string, method: string, more = '') => `<!doctype html>
<meta charset="utf-8">
<form action="${action}" method="${method}" ${more}>
  <input name="first_name" aria-label="Name">
  <input name="email" type="email" aria-label="Mail">
  <textarea name="comments" aria-label="Comments"></textarea>
  <input type="checkbox" name="interests" value="roof" checked>
  <input type="checkbox" name="interests" value="solar" checked>
  <button>Send</button>
</form>`;

const headers = () => ({ authorization: `Bearer ${key()}` });

test.beforeEach(async ({ request }) => {
  const published = await request.post('/flows', { headers: headers(), data: FLOW });
  expect([200, 201]).toContain(published.status());
});

/** The lead as it was accepted. */
async function accepted(request: import('@playwright/test').APIRequestContext, leadId: string) {
  const target = `/leads/${leadId}/events?type=source.accepted&reveal=1&why=test`;
  const reply = await request.get(target, { headers: headers() });
  const { data } = (await reply.json()) as { data: { lead: Record<string, unknown> }[] };
  return data[0]!.lead;
}

for (const method of ['post', 'get']) {
  test(`a form sent by ${method} makes a lead of what was typed`, async ({ page, request, baseURL }) => {
    await page.setContent(form(new URL(SUBMIT, baseURL).href, method));
    await page.getByLabel('Name').fill('Zoë & Söhne');
    await page.getByLabel('Mail').fill('zoe@example.com');
    await page.getByLabel('Comments').fill('first line\nsecond = 100 % + more');
    const [reply] = await Promise.all([
      page.waitForResponse((it) => it.url().includes(SUBMIT)),
      page.getByRole('button', { name: 'Send' }).click(),
    ]);
    expect(reply.status()).toBe(201);
    // Browsers like XML better than whatever else there is.
    const answer = await reply.text();
    expect(answer).toContain('<outcome>success</outcome>');
    const leadId = /<id>(lead_[0-9a-f]+)<\/id>/.exec(answer)?.[1] ?? 'none';
    expect(await accepted(request, leadId)).toMatchObject({
      first_name: 'Zoë & Söhne',
      email: 'zoe@example.com',
      // Forms end their lines as mail does (HTML, 4.10.21.4).
      comments: 'first line\r\nsecond = 100 % + more',
      interests: ['roof', 'solar'],
    });
  });
}

test('a form that uploads is refused with what to send instead', async ({ page, baseURL }) => {
  await page.setContent(form(new URL(SUBMIT, baseURL).href, 'post', 'enctype="multipart/form-data"'));
  const [reply] = await Promise.all([
    page.waitForResponse((it) => it.url().includes(SUBMIT)),
    page.getByRole('button', { name: 'Send' }).click(),
  ]);
  expect(reply.status()).toBe(406);
  expect(await reply.text()).toContain('application/x-www-form-urlencoded');
});

test('a form can be sent on to a page of thanks', async ({ page, baseURL }) => {
  const thanks = new URL('/healthz', baseURL).href;
  await page.setContent(
    form(`${new URL(SUBMIT, baseURL).href}?redir_url=${encodeURIComponent(thanks)}`, 'post'),
  );
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForURL(thanks);
});
