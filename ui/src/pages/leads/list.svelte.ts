//! The list of leads, page by page. The last list is kept, so that Back finds it as it was left.

import { api, ask, type Lead } from '../../lib/api/client';
import { cursorOf } from '../../lib/api/cursor';
import { toProblem, type Problem } from '../../lib/api/problem';
import { apiFilters, type Filters } from '../../lib/query';

const PAGE = 100;
/** Most pages asked for at once. */
const PAGES_MAX = 5;

export class LeadList {
  leads: Lead[] = $state.raw([]);
  problem: Problem | null = $state.raw(null);
  loading = $state.raw(true);
  more = $state.raw(false);
  /** When the newest page was loaded. */
  asOf = $state.raw('');
  /** Where the list was scrolled to, and the row it was at. */
  scrollTop = 0;
  active = -1;
  #turn = 0;
  /** Where the next page ends. */
  #before: number | undefined;

  constructor(
    readonly key: string,
    readonly filters: Filters,
  ) {}

  refresh(): Promise<void> {
    return this.#load(undefined);
  }

  async loadMore(): Promise<void> {
    if (this.loading || this.#before === undefined) return;
    await this.#load(this.#before);
  }

  async #load(before: number | undefined): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const query = { ...apiFilters(this.filters), limit: PAGE, before };
      let page = await ask(api.GET('/leads', { params: { query } }));
      const found = page.data;
      // Where little matches, pages are short or empty: look on for a while.
      for (let pages = 1; page.next !== null && found.length < PAGE && pages < PAGES_MAX; pages += 1) {
        const more = { ...query, before: cursorOf(page.next)?.before };
        page = await ask(api.GET('/leads', { params: { query: more } }));
        found.push(...page.data);
      }
      if (turn !== this.#turn) return;
      this.leads = before === undefined ? found : [...this.leads, ...found];
      this.#before = cursorOf(page.next)?.before;
      this.more = page.next !== null;
      this.problem = null;
      if (before === undefined) this.asOf = new Date().toISOString();
    } catch (thrown) {
      if (turn === this.#turn) this.problem = toProblem(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}

let kept: LeadList | null = null;

/** The list for some filters: the kept one if the person came back to it, else a new one. */
export function listFor(key: string, filters: Filters, returned: boolean): LeadList {
  if (!returned || kept?.key !== key) {
    kept = new LeadList(key, filters);
    void kept.refresh();
  }
  return kept;
}
