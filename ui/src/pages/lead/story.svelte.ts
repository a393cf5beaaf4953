//! One lead and its events, kept up to date while the page is open.

import { untrack } from 'svelte';

import { api, ask, type Event, type Explained, type Lead } from '../../lib/api/client';
import { cursorOf } from '../../lib/api/cursor';
import { toProblem, type Problem } from '../../lib/api/problem';
import { whileSeen } from '../../lib/live/seen';
import { streamPorts } from '../../lib/live/stream';
import { Tail } from '../../lib/live/tail';
import { live } from '../../lib/state/live.svelte';
import { reveal } from '../../lib/state/reveal.svelte';

/** Events are loaded in pages of this many, so that a lead of thousands does not stop the page. */
const PAGE = 200;

export class Story {
  lead: Lead | null = $state.raw(null);
  events: Event[] = $state.raw([]);
  /** Why each buyer did or did not get it. The page does without, where that cannot be told. */
  explained: Explained[] = $state.raw([]);
  /** Whether there are events after those loaded. */
  more = $state.raw(false);
  problem: Problem | null = $state.raw(null);
  loading = $state.raw(true);

  #tail: Tail | null = null;
  #closed = false;
  #turn = 0;
  #after: number | undefined;

  #forget = whileSeen({ leave: () => this.#tail?.close(), back: () => this.follow() });

  constructor(readonly id: string) {}

  async load(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const sight = untrack(() => reveal.sight(this.id));
      const lead = this.id;
      const [loaded, page, explained] = await Promise.all([
        ask(api.GET('/leads/{id}', { params: { path: { id: lead }, query: sight } })),
        this.#page(undefined),
        ask(api.GET('/leads/{id}/explain', { params: { path: { id: lead } } })).then(
          (explanation) => explanation.recipients,
          () => [],
        ),
      ]);
      if (turn !== this.#turn || this.#closed) return;
      this.lead = loaded;
      this.events = page.data;
      this.explained = explained;
      this.#after = cursorOf(page.next)?.after;
      this.more = page.next !== null;
      this.problem = null;
      if (this.#tail === null) this.#follow(Math.max(0, page.complete_to_seq - 1));
    } catch (thrown) {
      if (turn === this.#turn) this.problem = toProblem(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  async loadMore(): Promise<void> {
    if (this.loading || this.#after === undefined) return;
    this.loading = true;
    try {
      const page = await this.#page(this.#after);
      this.events = [...this.events, ...page.data];
      this.#after = cursorOf(page.next)?.after;
      this.more = page.next !== null;
    } catch (thrown) {
      this.problem = toProblem(thrown);
    } finally {
      this.loading = false;
    }
  }

  follow(): void {
    const from = this.#tail?.seen ?? null;
    this.#tail?.close();
    this.#follow(from);
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    this.#tail?.close();
    live.tail = null;
  }

  #page(after: number | undefined) {
    const query = {
      sort: 'seq',
      limit: PAGE,
      after,
      expand: 'rules',
      ...untrack(() => reveal.sight(this.id)),
    };
    return ask(api.GET('/leads/{id}/events', { params: { path: { id: this.id }, query } }));
  }

  /** What comes later, such as a retry or feedback, is loaded when the stream tells of it. */
  #follow(after: number | null): void {
    this.#tail = new Tail(
      {
        ...streamPorts({ lead_id: [this.id] }),
        onRows: (rows) => {
          live.lastEvent = rows.at(-1)!.timestamp;
          if (!this.more) void this.load();
        },
        onState: (state) => {
          if (!this.#closed) live.tail = state;
        },
      },
      after,
    );
    void this.#tail.run();
  }
}
