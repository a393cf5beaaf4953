import { readFileSync } from 'node:fs';

import openapiTS, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('the types are those of the API as the server describes it; if not: npm run types', async () => {
  const description = new URL('../../../../crates/server/openapi.json', import.meta.url);
  const written = readFileSync(new URL('./schema.d.ts', import.meta.url), 'utf8');
  expect(written.endsWith(astToString(await openapiTS(description)))).toBe(true);
});
