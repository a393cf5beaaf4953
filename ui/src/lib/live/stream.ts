//! The tail's ports to the real server.

import { api, ask, refused } from '../api/client';
import { cursorOf } from '../api/cursor';
import { apiFilters, type Filters } from '../query';
import { rowOf } from './ring';
import type { TailPorts } from './tail';

const PAGE_ROWS = 1_000;

/** Opens the stream and fetches ranges of it, for one set of filters. */
export function streamPorts(filters: Filters): Pick<TailPorts, 'open' | 'range' | 'sleep' | 'now'> {
  const wanted = apiFilters(filters);
  return {
    open: async (after, signal) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(wanted)) {
        for (const one of [value].flat()) query.append(name, one);
      }
      query.set('shape', 'none');
      if (after !== null) query.set('after', String(after));
      const response = await fetch(`/events/stream?${query}`, {
        signal,
        headers: { accept: 'text/event-stream' },
      });
      if (!response.ok) throw refused(response, await response.json().catch(() => null));
      return textOf(response.body!);
    },
    range: async (after, before, signal) => {
      const query = { ...wanted, shape: 'none', sort: '-seq', limit: PAGE_ROWS, after, before };
      const page = await ask(api.GET('/events', { params: { query }, signal }));
      return { data: page.data.map(rowOf), before: cursorOf(page.next)?.before ?? null };
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      }),
    now: () => Date.now(),
  };
}

async function* textOf(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
