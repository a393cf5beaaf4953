//! Follows `GET /events/stream`: batches in order, no event lost and none twice, across gaps that the server
//! tells of and connections that break. It knows nothing of pages.

import { isAbort, toProblem, type Problem } from '../api/problem';
import { SseParser } from './sse';
import type { Row } from './ring';

/** Without a byte for this long, heartbeats included, the connection is taken for dead. */
const SILENCE_MAX_MS = 40_000;
const BACKOFF_MS = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** After this many tries in a row it stops and leaves trying to the person. */
const TRIES_MAX = 12;
/** Of a gap at most this many of the newest events are fetched; the rest is marked. */
export const REFILL_MAX = 10_000;
/** And in at most this many pages, since pages may be short where little matches. */
const REFILL_PAGES_MAX = 50;

export type TailState =
  | { is: 'connecting' }
  | { is: 'live' }
  | { is: 'reconnecting'; since: number; problem: Problem }
  | { is: 'stopped'; problem: Problem };

/** What the tail asks of its surroundings, so that tests can give it others. */
export interface TailPorts {
  /** Opens the stream behind a seq; null starts at the live edge. Throws a `Problem` when refused. */
  open(after: number | null, signal: AbortSignal): Promise<AsyncIterable<string>>;
  /** A page of events between two seqs, both exclusive, newest first; and where the next one ends. */
  range(after: number, before: number, signal: AbortSignal): Promise<{ data: Row[]; before: number | null }>;
  onRows(rows: Row[]): void;
  onState(state: TailState): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

export class Tail {
  #stop = new AbortController();
  /** The last seq that was looked at; every event up to it is known. */
  #seen: number | null;

  constructor(
    readonly ports: TailPorts,
    after: number | null,
  ) {
    this.#seen = after;
  }

  get seen(): number | null {
    return this.#seen;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Runs until it is closed or gives up. */
  async run(): Promise<void> {
    const { ports } = this;
    const { signal } = this.#stop;
    let tries = 0;
    let since = 0;
    ports.onState({ is: 'connecting' });
    while (!signal.aborted) {
      try {
        await this.#follow(() => {
          tries = 0;
          ports.onState({ is: 'live' });
        });
        throw new TypeError('the stream ended');
      } catch (thrown) {
        if (signal.aborted) return;
        const problem = toProblem(thrown);
        const hopeless =
          problem.kind === 'signed_out' || problem.kind === 'forbidden' || problem.kind === 'refused';
        if (tries === 0) since = ports.now();
        tries += 1;
        if (hopeless || tries > TRIES_MAX) return ports.onState({ is: 'stopped', problem });
        ports.onState({ is: 'reconnecting', since, problem });
        try {
          await ports.sleep(BACKOFF_MS[Math.min(tries, BACKOFF_MS.length) - 1]!, signal);
        } catch (interrupted) {
          if (!isAbort(interrupted)) throw interrupted;
        }
      }
    }
  }

  /** One connection, from its opening to its end. */
  async #follow(onLive: () => void): Promise<void> {
    const { signal } = this.#stop;
    const connection = new AbortController();
    const end = () => connection.abort();
    signal.addEventListener('abort', end);
    let watchdog = setTimeout(end, SILENCE_MAX_MS);
    try {
      const parser = new SseParser();
      let open = false;
      for await (const text of await this.ports.open(this.#seen, connection.signal)) {
        clearTimeout(watchdog);
        watchdog = setTimeout(end, SILENCE_MAX_MS);
        for (const message of parser.push(text)) {
          if (!open) onLive();
          open = true;
          await this.#take(message.event, message.id, message.data, connection.signal);
        }
      }
    } catch (thrown) {
      // The watchdog's doing, not the person's: as good as silence.
      if (isAbort(thrown) && !signal.aborted) throw new TypeError('nothing came for too long');
      throw thrown;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', end);
      connection.abort();
    }
  }

  async #take(event: string, id: string | null, data: string, signal: AbortSignal): Promise<void> {
    if (event === 'open') {
      const { complete_to_seq } = JSON.parse(data) as { complete_to_seq: number };
      // At the live edge from now on: a later reconnect must begin here.
      this.#seen ??= complete_to_seq - 1;
    } else if (event === 'batch') {
      const { data: rows } = JSON.parse(data) as { data: Row[] };
      if (rows.length > 0) this.ports.onRows(rows);
      const last = Math.max(Number(id ?? -1), rows.at(-1)?.seq ?? -1);
      this.#seen = Math.max(this.#seen ?? -1, last);
    } else if (event === 'gap') {
      const { from, to } = JSON.parse(data) as { from: number; to: number };
      await this.#refill(from, to, signal);
      this.#seen = Math.max(this.#seen ?? -1, to - 1);
    }
  }

  /** Fetches what the stream left out, from one seq up to another, newest first, and gives it in order. */
  async #refill(from: number, to: number, signal: AbortSignal): Promise<void> {
    const pages: Row[][] = [];
    let fetched = 0;
    let before = to;
    let more = true;
    for (let left = REFILL_PAGES_MAX; more && fetched < REFILL_MAX && left > 0; left -= 1) {
      const page = await this.ports.range(from - 1, before, signal);
      pages.push(page.data);
      fetched += page.data.length;
      more = page.before !== null;
      before = page.before ?? before;
    }
    const rows = pages.flat().reverse();
    if (more) rows.unshift(gapRow(from, before - 1, rows[0]?.timestamp ?? ''));
    if (rows.length > 0) this.ports.onRows(rows);
  }
}

/** A mark in the list: events from one seq to another are not shown. */
export function gapRow(from: number, to: number, timestamp: string): Row {
  const nothing = { lead_id: null, flow_id: null, entity_id: null, outcome: null, reason: null };
  return { seq: from, id: `gap_${from}`, type: 'gap', timestamp, ...nothing, gap_to: to };
}
