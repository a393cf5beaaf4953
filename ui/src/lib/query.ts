//! The query string of a page: the filters, under the API's own names, and what is open. One codec for all
//! pages. Default values are left out, parameters of others are kept, and the order is always the same, so
//! that equal views have equal links. Nobody's personal data is ever part of it.

/** Filters that take several values; a value with a leading `-` is not wanted. */
export const LISTS = [
  'type',
  'outcome',
  'state',
  'flow_id',
  'source_id',
  'entity_id',
  'lead_id',
  'step_id',
  'integration',
  'reason_code',
] as const;
/** Filters that take one value. */
export const SINGLES = [
  'start',
  'end',
  'min_ms',
  'max_ms',
  'min_price',
  'max_price',
  'min_margin',
  'max_margin',
  'test',
] as const;
/** What is open: the event in the inspector, and which of its tabs. */
const VIEW = ['event', 'tab'] as const;

export type ListName = (typeof LISTS)[number];
export type SingleName = (typeof SINGLES)[number];
/** Filters on what flows declare: a report dimension, and whether a field is there or valid. */
export type DeclaredName = `dim.${string}` | `has.${string}` | `valid.${string}`;
export type FilterName = ListName | SingleName | DeclaredName;
export type Filters = { [name in ListName]?: string[] } & { [name in SingleName]?: string } & {
  [name: DeclaredName]: string[] | undefined;
};

export interface Query {
  filters: Filters;
  event: string;
  tab: string;
  /** Parameters that these pages do not know, kept as they are. */
  others: [string, string][];
}

/** Values that are as good as none. */
const DEFAULTS: { [name: string]: string } = { tab: 'summary', test: 'with' };

export function readQuery(search: string | URLSearchParams): Query {
  const params = new URLSearchParams(search);
  const query: Query = { filters: {}, event: '', tab: '', others: [] };
  for (const [name, value] of params) {
    if (isList(name) || isDeclared(name)) {
      const values = value.split(',').map((it) => it.trim());
      const all = [...(query.filters[name] ?? []), ...values].filter((it) => it !== '' && it !== '-');
      if (all.length > 0) query.filters[name] = [...new Set(all)].sort();
    } else if (value === '' || value === DEFAULTS[name]) {
      continue;
    } else if (isSingle(name)) {
      query.filters[name] = value;
    } else if (name === 'event' || name === 'tab') {
      query[name] = value;
    } else {
      query.others.push([name, value]);
    }
  }
  return query;
}

/** The query string, with its question mark, or nothing. */
export function writeQuery({ filters, event, tab, others }: Query): string {
  const pairs: [string, string][] = [];
  for (const name of LISTS) {
    const values = [...new Set(filters[name] ?? [])].sort();
    // A repeated `type` reads better than a long list; the other lists are short.
    if (name === 'type') pairs.push(...values.map((value): [string, string] => [name, value]));
    else if (values.length > 0) pairs.push([name, values.join(',')]);
  }
  for (const name of declaredIn(filters)) pairs.push([name, [...(filters[name] ?? [])].sort().join(',')]);
  for (const name of SINGLES) pairs.push([name, filters[name] ?? '']);
  pairs.push(...VIEW.map((name): [string, string] => [name, name === 'event' ? event : tab]));
  pairs.push(...[...others].sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
  const kept = pairs.filter(([name, value]) => value !== '' && value !== DEFAULTS[name]);
  if (kept.length === 0) return '';
  return '?' + kept.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** The filters as the API takes them, for a client that does its own encoding. */
export function apiFilters(filters: Filters): Record<string, string | string[]> {
  return Object.fromEntries(
    [...LISTS, ...declaredIn(filters), ...SINGLES].flatMap((name) =>
      filters[name] ? [[name, filters[name]]] : [],
    ),
  );
}

/** Each single thing that is filtered for, as chips show it. */
export function chipsOf(filters: Filters): { name: FilterName; value: string; not: boolean }[] {
  const lists = [...LISTS, ...declaredIn(filters)].flatMap((name) =>
    (filters[name] ?? []).map((text) => {
      const not = text.startsWith('-');
      return { name, value: not ? text.slice(1) : text, not };
    }),
  );
  const singles = SINGLES.flatMap((name) => {
    const value = filters[name];
    return value === undefined ? [] : [{ name, value, not: false }];
  });
  return [...lists, ...singles];
}

export function withFilter(filters: Filters, name: FilterName, value: string): Filters {
  if (isSingle(name)) return { ...filters, [name]: value };
  // Whether a field is there is one question with one answer.
  if (isDeclared(name) && !name.startsWith('dim.')) return { ...filters, [name]: [value] };
  return { ...filters, [name]: [...new Set([...(filters[name] ?? []), value])].sort() };
}

export function withoutFilter(filters: Filters, name: FilterName, value: string): Filters {
  const { [name]: old, ...rest } = filters as Record<string, string | string[] | undefined>;
  const left = Array.isArray(old) ? old.filter((it) => it !== value) : [];
  return (left.length > 0 ? { ...rest, [name]: left } : rest) as Filters;
}

/** The filters on declared things, in the order of their names. */
const declaredIn = (filters: Filters): DeclaredName[] => Object.keys(filters).filter(isDeclared).sort();

const isDeclared = (name: string): name is DeclaredName => /^(dim|has|valid)\../.test(name);
const isList = (name: string): name is ListName => (LISTS as readonly string[]).includes(name);
const isSingle = (name: string): name is SingleName => (SINGLES as readonly string[]).includes(name);

/** Percent-encoding that leaves commas, colons and stars readable; a query may hold them. */
const encode = (text: string): string => encodeURIComponent(text).replace(/%(2C|3A|2A)/g, decodeURIComponent);
