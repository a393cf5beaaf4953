//! Which page an address shows. Knows nothing of the browser's history: see `state/place.svelte.ts`.

/** Where the pages live below the server's address. */
export const BASE = '/ui';

/** The pages there are, with what their addresses hold. */
const PAGES = {
  home: '/',
  live: '/live',
  leads: '/leads',
  lead: '/leads/:id',
  event: '/events/:id',
} as const;

export type PageName = keyof typeof PAGES | 'missing';

export interface Route {
  page: PageName;
  /** The lead or event that the address names. */
  id: string;
}

/** The page at a path such as `/ui/leads/lead_1`. A slash at the end changes nothing. */
export function routeOf(path: string): Route {
  const missing: Route = { page: 'missing', id: '' };
  if (path !== BASE && !path.startsWith(`${BASE}/`)) return missing;
  const parts = split(path.slice(BASE.length));
  for (const [page, pattern] of Object.entries(PAGES)) {
    const wanted = split(pattern);
    if (wanted.length !== parts.length) continue;
    const fits = wanted.every((part, index) => part.startsWith(':') || part === parts[index]);
    if (fits) return { page: page as PageName, id: pattern.includes(':') ? decode(parts.at(-1)!) : '' };
  }
  return missing;
}

/** The address of a page. */
export function pathOf(page: Exclude<PageName, 'missing'>, id = ''): string {
  return BASE + PAGES[page].replace(':id', encodeURIComponent(id));
}

/** The page for an id that somebody pasted, or null when it is none. */
export function pathOfId(text: string): string | null {
  const id = text.trim().toLowerCase();
  if (/^(lead|ping)_[0-9a-f]{24}$/.test(id)) return pathOf('lead', id);
  if (/^evt_[0-9a-f]{24}$/.test(id)) return pathOf('event', id);
  return null;
}

const split = (path: string): string[] => path.split('/').filter((part) => part !== '');

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
