import { expect, it } from 'vitest';

import { Problem } from '../api/problem';
import { REFILL_MAX, Tail, type TailPorts } from './tail';
import type { Row } from './ring';

const row = (seq: number): Row => ({
  ...{ seq, id: `evt_${seq}`, type: 'filter.passed', timestamp: `t${seq}`, lead_id: null, flow_id: null },
  ...{ entity_id: null, outcome: null, reason: null },
});
const open = (seq: number) => `event: open\ndata: {"complete_to_seq":${seq}}\n\n`;
const batch = (id: number, ...seqs: number[]) =>
  `id: ${id}\nevent: batch\ndata: ${JSON.stringify({ data: seqs.map(row), complete_to_seq: id + 1 })}\n\n`;
const gap = (from: number, to: number) => `event: gap\ndata: {"from":${from},"to":${to}}\n\n`;

/** Runs a tail over scripted connections; each is what the server sends, or what it refuses with. */
async function check(
  connections: (string[] | Problem)[],
  after: number | null = null,
  ledger: number[] = [],
) {
  const log: string[] = [];
  const script = [...connections];
  const ports: TailPorts = {
    open: async (from) => {
      log.push(`open after ${from}`);
      const next = script.shift() ?? new Problem('signed_out', 'the script is over');
      if (next instanceof Problem) throw next;
      return (async function* () {
        yield* next;
      })();
    },
    range: async (from, before) => {
      const all = ledger.filter((seq) => seq > from && seq < before).reverse();
      const data = all.slice(0, 1000).map(row);
      log.push(`range ${from}..${before}: ${data.length}`);
      return { data, before: all.length > data.length ? data.at(-1)!.seq : null };
    },
    onRows: (rows) => {
      const [first, last] = [rows[0]!, rows.at(-1)!];
      log.push(
        first === last
          ? `row ${first.seq}`
          : `rows ${rows
              .map((it) => (it.gap_to ? `gap ${it.seq}-${it.gap_to}` : it.seq))
              .slice(0, 3)
              .join(' ')} … ${last.seq}`,
      );
    },
    onState: (state) => log.push(state.is),
    sleep: async (ms) => void log.push(`sleep ${ms}`),
    now: () => 0,
  };
  await new Tail(ports, after).run();
  return log;
}

it('a broken connection is taken up again behind the last seq that was looked at', async () => {
  // Seq 12 matched no filter, but it was looked at.
  expect(
    await check(
      [
        [open(10), batch(12, 10, 11)],
        [open(13), batch(13, 13)],
      ],
      9,
    ),
  ).toEqual([
    'connecting',
    'open after 9',
    'live',
    'rows 10 11 … 11',
    'reconnecting',
    'sleep 250',
    'open after 12',
    'live',
    'row 13',
    'reconnecting',
    'sleep 250',
    'open after 13',
    'stopped',
  ]);
});

it('a start at the live edge is remembered, though no event came', async () => {
  const log = await check([[open(100)]]);
  expect(log.filter((line) => line.startsWith('open'))).toEqual(['open after null', 'open after 99']);
});

it('a gap is refilled in order before the stream goes on', async () => {
  const ledger = [4, 5, 6, 7, 8];
  const log = await check([[open(4), batch(4, 4), gap(5, 8), batch(9, 8, 9)]], 3, ledger);
  expect(log.slice(3, 6)).toEqual(['row 4', 'range 4..8: 3', 'rows 5 6 7 … 7']);
});

it('of a gap too wide to fetch the newest part is shown and the rest is marked', async () => {
  const ledger = Array.from({ length: 30_000 }, (_, seq) => seq);
  const log = await check([[open(1), gap(1, 30_000)]], 0, ledger);
  expect(log.filter((line) => line.startsWith('range'))).toHaveLength(REFILL_MAX / 1000);
  expect(log.find((line) => line.startsWith('rows'))).toBe('rows gap 1-19999 20000 20001 … 29999');
});

it('waits grow while nothing answers, and end', async () => {
  const offline = Array.from({ length: 40 }, () => new Problem('offline', 'nothing answers'));
  const log = await check(offline);
  const sleeps = log.filter((line) => line.startsWith('sleep')).map((line) => Number(line.slice(6)));
  expect(sleeps).toEqual([
    250, 500, 1000, 2000, 5000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000,
  ]);
  expect(log.at(-1)).toBe('stopped');
});

it('a refusal is not asked again', async () => {
  const log = await check([new Problem('forbidden', 'this key lacks the scope read')]);
  expect(log).toEqual(['connecting', 'open after null', 'stopped']);
});
