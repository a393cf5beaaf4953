//! The live list's rows: a first page from the ledger, then the stream. Rows lie outside the reactive graph;
//! pages see a counter that moves once a frame.

import { api, ask } from '../../lib/api/client';
import { cursorOf } from '../../lib/api/cursor';
import { toProblem, type Problem } from '../../lib/api/problem';
import { outcomeOf } from '../../lib/families';
import { Ring, rowOf, type Row } from '../../lib/live/ring';
import { whileSeen } from '../../lib/live/seen';
import { streamPorts } from '../../lib/live/stream';
import { Tail, type TailPorts } from '../../lib/live/tail';
import { apiFilters, type Filters } from '../../lib/query';
import { live } from '../../lib/state/live.svelte';

/** As many rows are remembered; the ledger has every event. */
const ROWS_MAX = 100_000;
/** As many events from before the page was opened. */
const FIRST_ROWS = 200;
const FIRST_PAGES_MAX = 5;
const RATE_WINDOW_MS = 5_000;
const FRESH_MS = 1_000;

export class Feed {
  readonly ring = new Ring(ROWS_MAX);
  /** Moves whenever rows came in. */
  version = $state.raw(0);
  /** Why the first page could not be loaded. */
  problem: Problem | null = $state.raw(null);
  loading = $state.raw(true);
  /** Events a second, over the last seconds. */
  rate = $state.raw(0);
  /** Rows from here on came in within the last second, and are tinted. */
  freshFrom = $state.raw(0);
  /** Rows and faults since somebody was last told. */
  news = { events: 0, errors: 0 };

  #filters: Filters;
  #tail: Tail | null = null;
  #seen: number | null = null;
  #closed = false;
  #frame = 0;
  #arrivals: { at: number; count: number }[] = [];
  #forget: () => void;
  #ticking: ReturnType<typeof setInterval>;

  constructor(filters: Filters) {
    this.#filters = filters;
    this.#ticking = setInterval(() => this.#measure(), 1_000);
    this.#forget = whileSeen({
      leave: () => {
        this.#seen = this.#tail?.seen ?? this.#seen;
        this.#tail?.close();
      },
      back: () => this.connect(),
    });
  }

  async start(): Promise<void> {
    this.loading = true;
    this.problem = null;
    try {
      const query = { ...apiFilters(this.#filters), shape: 'none', sort: '-seq', limit: FIRST_ROWS };
      const page = await ask(api.GET('/events', { params: { query } }));
      const data = page.data;
      // Where little matches, pages are short or empty: look on for a while.
      for (
        let cursor = cursorOf(page.next), pages = 1;
        cursor && data.length < FIRST_ROWS && pages < FIRST_PAGES_MAX;
        pages += 1
      ) {
        const limit = FIRST_ROWS - data.length;
        const older = await ask(
          api.GET('/events', { params: { query: { ...query, limit, before: cursor.before } } }),
        );
        data.push(...older.data);
        cursor = cursorOf(older.next);
      }
      if (this.#closed) return;
      this.#take(data.reverse().map(rowOf));
      this.freshFrom = this.ring.end;
      this.#arrivals = [];
      this.news = { events: 0, errors: 0 };
      this.#seen = Math.max(0, page.complete_to_seq - 1);
      this.loading = false;
      this.connect();
    } catch (thrown) {
      if (this.#closed) return;
      this.problem = toProblem(thrown);
      this.loading = false;
    }
  }

  /** Follows the stream from the last event that is known. */
  connect(): void {
    this.#tail?.close();
    if (this.#closed || this.loading || this.problem !== null) return;
    this.#tail = new Tail(this.#ports(), this.#seen);
    void this.#tail.run();
  }

  clear(): void {
    this.ring.clear();
    this.version += 1;
  }

  close(): void {
    this.#closed = true;
    this.#tail?.close();
    clearInterval(this.#ticking);
    cancelAnimationFrame(this.#frame);
    this.#forget();
    live.tail = null;
  }

  #ports(): TailPorts {
    return {
      ...streamPorts(this.#filters),
      onRows: (rows) => {
        this.#seen = rows.at(-1)?.seq ?? this.#seen;
        this.#take(rows.map((row) => (row.gap_to === undefined ? rowOf(row) : row)));
      },
      onState: (state) => {
        if (!this.#closed) live.tail = state;
      },
    };
  }

  #take(rows: Row[]): void {
    let taken = 0;
    for (const row of rows) {
      if (!this.ring.push(row)) continue;
      taken += 1;
      if (outcomeOf(row) === 'error') this.news.errors += 1;
    }
    if (taken === 0) return;
    this.news.events += taken;
    this.#arrivals.push({ at: performance.now(), count: taken });
    live.lastEvent = this.ring.newest()!.timestamp;
    const { end } = this.ring;
    setTimeout(() => (this.freshFrom = Math.max(this.freshFrom, end)), FRESH_MS);
    // However many batches come, the page is drawn once a frame.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.version += 1;
    });
  }

  #measure(): void {
    const since = performance.now() - RATE_WINDOW_MS;
    this.#arrivals = this.#arrivals.filter(({ at }) => at >= since);
    this.rate = this.#arrivals.reduce((sum, { count }) => sum + count, 0) / (RATE_WINDOW_MS / 1000);
  }
}
