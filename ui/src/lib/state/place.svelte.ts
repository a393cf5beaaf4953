//! Where the person is: the page and its query, in step with the browser's history.

import { readQuery, writeQuery, type Query } from '../query';
import { routeOf, type PageName, type Route } from '../router';

class Place {
  route: Route = $state(routeOf(location.pathname));
  query: Query = $state.raw(readQuery(location.search));
  /** Whether the person came here by Back or Forward, so that a list can stand as it stood. */
  returned = $state.raw(false);

  constructor() {
    addEventListener('popstate', () => {
      this.returned = true;
      this.#read();
    });
  }

  get path(): string {
    return location.pathname;
  }

  /** The address of what is seen, from the server's root. */
  get address(): string {
    return location.pathname + writeQuery(this.query);
  }

  go(address: string, replace = false): void {
    if (address === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
    this.returned = false;
    this.#read();
  }

  /** Changes the query of this page. What is a mere look at a row replaces, what is a step pushes. */
  set(change: Partial<Query>, replace = false): void {
    this.go(location.pathname + writeQuery({ ...this.query, ...change }), replace);
  }

  /** The query of a page: while another one is on its way in, that of when the page was last there. */
  queryOf(page: PageName): Query {
    return this.route.page === page ? this.query : (this.#left.get(page) ?? this.query);
  }

  #left = new Map<PageName, Query>();

  #read(): void {
    this.#left.set(this.route.page, this.query);
    const route = routeOf(location.pathname);
    if (route.page !== this.route.page || route.id !== this.route.id) this.route = route;
    this.query = readQuery(location.search);
  }
}

export const place = new Place();

/** Follows links to our own pages without loading anew, unless the person wants a new tab. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || link.target || link.origin !== location.origin || link.hasAttribute('download')) return;
  if (routeOf(link.pathname).page === 'missing') return;
  event.preventDefault();
  place.go(link.pathname + link.search);
}
