//! `npm run mock`: the built pages over invented data, on 127.0.0.1. PORT, RATE (leads a second), LEADS, EMPTY=1.

import { join } from 'node:path';

import { KEYS, mock } from './server.mjs';

const { server } = mock({
  dist: join(import.meta.dirname, '../../dist'),
  leads: Number(process.env.LEADS ?? 400),
  rate: Number(process.env.RATE ?? 3),
  empty: process.env.EMPTY === '1',
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/ui/#key=${Object.keys(KEYS)[0]}`);
});
