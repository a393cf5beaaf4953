//! The mock's ledger: events in one order, leads folded from them, filters, masking, followers.

import { life, pickStory, random } from './world.mjs';

const HIDDEN = '•••';
const REVEALED = new Set([
  'product',
  'home_owner',
  'state',
  'source.name',
  'region',
  'postal_code',
  'utm_campaign',
]);

export class Ledger {
  events = [];
  followers = new Set();
  #leads = new Map();
  #next;

  constructor(seed) {
    this.#next = random(seed);
  }

  /** Leads of the last day, in the past already. */
  fill(count, now) {
    const drafts = [];
    for (let index = 0; index < count; index += 1) {
      const at = Math.floor(now - 86_400_000 + (index / count) * 86_340_000);
      drafts.push(
        ...life(this.#next, at, pickStory(this.#next)).drafts.map((draft) => ({
          ...draft,
          at: at + draft.after,
        })),
      );
    }
    drafts
      .filter((draft) => draft.at <= now)
      .sort((a, b) => a.at - b.at)
      .forEach((draft) => this.append(draft, draft.at));
  }

  /** One lead that begins now; its events come in their own time, `pace` times as fast. */
  submit(story, pace = 1) {
    const lived = life(this.#next, Date.now(), story ?? pickStory(this.#next));
    for (const draft of lived.drafts) {
      const wait = draft.after / pace;
      if (pace === Infinity) this.append(draft, Date.now());
      else if (wait < 60_000) setTimeout(() => this.append(draft, Date.now()), wait).unref();
    }
    return lived.lead_id;
  }

  append({ event, lead, hidden }, at) {
    const { exchange, rules, reason_raw, ...header } = event;
    const chain = this.#leads.get(header.lead_id) ?? [];
    const stored = {
      ...{ seq: this.events.length + 1, lead_seq: chain.length + 1, timestamp: new Date(at).toISOString() },
      ...{ header, lead, hidden },
    };
    chain.push(stored);
    this.#leads.set(header.lead_id, chain);
    this.events.push(stored);
    for (const follower of this.followers) follower(stored);
  }

  get completeTo() {
    return this.events.length + 1;
  }

  chain(id) {
    return this.#leads.get(id);
  }

  /** What an event changed of its lead, in the clear values; null of the first. */
  changes({ header, lead, lead_seq }) {
    const before = this.#leads.get(header.lead_id)[lead_seq - 2]?.lead;
    if (before === undefined) return null;
    const paths = (of, wanted) => Object.keys(of).filter(wanted).sort();
    return {
      added: paths(lead, (path) => !(path in before)),
      changed: paths(lead, (path) => path in before && before[path] !== lead[path]),
      removed: paths(before, (path) => !(path in lead)),
    };
  }

  leads() {
    return [...this.#leads.values()].map(foldLead).sort((a, b) => b.seq - a.seq);
  }

  /** What filters know of a lead besides what a list shows: the dims and fields of its newest event. */
  traits(id) {
    const { dims, states } = this.#leads.get(id).at(-1).header;
    return { dims, states };
  }

  lead(id, sight) {
    const chain = this.#leads.get(id);
    return chain && { ...foldLead(chain), lead: shown(chain.at(-1), sight).lead };
  }
}

/** Public JSON of a stored event. */
export function shown(
  { seq, lead_seq, timestamp, header, lead, hidden },
  { shape = 'flat', expand = '', reveal = false },
) {
  const { id, type, states: _filtersOnly, ...rest } = header;
  const event = { id, seq, type, timestamp, lead_seq, ...rest };
  const see = (path, value) => (reveal ? value : mask(path, value));
  if (shape !== 'none') {
    event.lead = {
      id: header.lead_id,
      ...Object.fromEntries(Object.entries(lead).map(([path, value]) => [path, see(path, value)])),
    };
  }
  if (expand.includes('exchange')) {
    event.exchange = (hidden.exchange ?? []).map((sides) =>
      Object.fromEntries(Object.entries(sides).map(([side, text]) => [side, reveal ? text : outline(text)])),
    );
  }
  if (expand.includes('rules'))
    event.rules = (hidden.rules ?? []).map((rule) => ({ ...rule, actual: reveal ? rule.actual : HIDDEN }));
  if (expand.includes('reason_raw'))
    event.reason_raw = hidden.reason_raw === undefined ? null : reveal ? hidden.reason_raw : HIDDEN;
  return event;
}

function mask(path, value) {
  if (typeof value !== 'string') return value;
  if (path === 'email') return `${value[0].toLowerCase()}${HIDDEN}@${value.split('@')[1].toLowerCase()}`;
  if (path === 'phone_1') return `(${HIDDEN}) ${HIDDEN}-${value.slice(-4)}`;
  if (['first_name', 'last_name', 'fname', 'lname'].includes(path)) return `${value[0]}${HIDDEN}`;
  const open =
    REVEALED.has(path) ||
    path.startsWith('appended.') ||
    path.startsWith('state.') ||
    path === 'email.domain';
  return open ? value : HIDDEN;
}

function outline(text) {
  const [head, ...body] = text.split('\r\n\r\n');
  const [start, ...headers] = head.split('\r\n');
  const lines = headers.map((line) => `${line.split(':')[0]}: ${HIDDEN}`);
  return (
    [start.replace(/=[^& ]+/g, `=${HIDDEN}`), ...lines].join('\r\n') +
    '\r\n\r\n' +
    (body.join('') ? HIDDEN : '')
  );
}

function foldLead(chain) {
  const [first, last] = [chain[0], chain.at(-1)];
  const of = (type) => chain.filter((event) => event.header.type === type);
  const completed = of('flow.completed')[0]?.header;
  const buyers = new Map();
  for (const { header } of chain) {
    if (!header.type.startsWith('recipient.') || header.type === 'recipient.attempted') continue;
    const { entity_id, step_id, delivery_id = null, outcome, price = null } = header;
    buyers.set(entity_id, {
      entity_id,
      step_id,
      delivery_id,
      outcome,
      price,
      returned: false,
      converted: false,
    });
  }
  for (const { header } of of('feedback.returned')) buyers.get(header.entity_id).returned = true;
  for (const { header } of of('feedback.processed')) {
    if (header.feedback.type === 'conversion') buyers.get(header.entity_id).converted = true;
  }
  const sold = [...buyers.values()].filter((buyer) => buyer.outcome === 'success');
  const revenue = sold.filter((buyer) => !buyer.returned).reduce((sum, buyer) => sum + buyer.price, 0);
  const cost = completed?.cost ?? 0;
  const converted = of('feedback.processed').some(({ header }) => header.feedback.type === 'conversion');
  let state = 'running';
  if (converted) state = 'converted';
  else if (sold.some((buyer) => buyer.returned)) state = 'returned';
  else if (sold.length > 0) state = 'sold';
  else if (of('source.rejected').length > 0) state = 'rejected';
  else if (completed) state = completed.outcome === 'error' ? 'error' : 'accepted';
  const outcome = sold.length > 0 ? 'success' : (completed?.outcome ?? null);
  return {
    ...{
      id: first.header.lead_id,
      seq: first.seq,
      submitted_at: first.timestamp,
      updated_at: last.timestamp,
    },
    ...{
      flow_id: first.header.flow_id,
      flow_version: first.header.flow_version,
      source_id: first.header.source_id,
    },
    ...{ state, outcome, reason: outcome === 'success' ? null : (completed?.reason ?? null) },
    ...{
      reason_code: outcome === 'success' ? null : (completed?.reason_code ?? null),
      buyers: [...buyers.values()],
    },
    ...{ cost, revenue, margin: Number((revenue - cost).toFixed(2)) },
    path: chain.map(({ header: { type, step_id = null, entity_id, outcome } }) => ({
      type,
      step_id,
      entity_id,
      outcome,
    })),
    ...{ events: chain.length, last_seq: last.seq, total_ms: completed?.total_ms ?? null, test: false },
  };
}

const LISTS = [
  'type',
  'outcome',
  'entity_id',
  'source_id',
  'step_id',
  'integration',
  'reason_code',
  'flow_id',
  'lead_id',
  'state',
];

/** A test of events (or leads) made from query parameters. */
export function filterOf(params) {
  const tests = LISTS.flatMap((name) => {
    const values = params
      .getAll(name)
      .flatMap((value) => value.split(','))
      .filter(Boolean);
    if (values.length === 0) return [];
    const fits = (value, text) =>
      text.endsWith('.*') ? value?.startsWith(text.slice(0, -1)) : value === text;
    const wanted = values.filter((value) => !value.startsWith('-'));
    const unwanted = values.filter((value) => value.startsWith('-')).map((value) => value.slice(1));
    return [
      (it) =>
        (wanted.length === 0 || wanted.some((text) => fits(it[name], text))) &&
        !unwanted.some((text) => fits(it[name], text)),
    ];
  });
  for (const name of new Set(params.keys())) {
    const text = params.getAll(name).join(',');
    const [kind, ...path] = name.split('.');
    const thing = path.join('.');
    if (kind === 'dim') {
      const values = text.split(',');
      const is = (it, value) => String(it.dims?.[thing]).toLowerCase() === value.toLowerCase();
      const wanted = values.filter((value) => !value.startsWith('-'));
      const unwanted = values.filter((value) => value.startsWith('-')).map((value) => value.slice(1));
      tests.push(
        (it) =>
          (wanted.length === 0 || wanted.some((value) => is(it, value))) &&
          !unwanted.some((value) => is(it, value)),
      );
    } else if (kind === 'has' || kind === 'valid') {
      tests.push((it) => {
        const state = it.states?.[thing];
        return state !== undefined && (kind === 'has' || state.has) && String(state[kind]) === text;
      });
    }
  }
  const start = moment(params.get('start'));
  if (start !== null) tests.push((it) => Date.parse(it.timestamp ?? it.submitted_at) >= start);
  const end = moment(params.get('end'));
  if (end !== null) tests.push((it) => Date.parse(it.timestamp ?? it.submitted_at) < end);
  return (it) => tests.every((test) => test(it));
}

function moment(text) {
  if (!text) return null;
  const back = /^-(\d+)([mhd])$/.exec(text);
  return back
    ? Date.now() - Number(back[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[back[2]]
    : Date.parse(text);
}
