//! An invented installation: its parties, its flows, and the lives of leads in it. Only for developing and
//! testing the pages; the numbers of one seed are always the same.

export const ENTITIES = [
  ['src_web_a', 'source', 'Web Form A', ['flow_solar', 'flow_roofs']],
  ['src_sunny', 'source', 'Sunny Clicks', ['flow_solar']],
  ['src_partner', 'source', 'Partner Network', ['flow_roofs']],
  ['svc_phone', 'service', 'Phone validation', ['flow_solar', 'flow_roofs']],
  ['svc_score', 'service', 'Lead score', ['flow_solar']],
  ['buyer_premier', 'buyer', 'Premier Leads LLC', ['flow_solar', 'flow_roofs']],
  ['buyer_shingle', 'buyer', 'Shingle Co', ['flow_roofs']],
  ['buyer_brightside', 'buyer', 'Brightside Energy', ['flow_solar']],
  ['buyer_homeward', 'buyer', 'Homeward Partners', ['flow_solar']],
].map(([id, kind, name, flows]) => ({ id, kind, name, paused: false, flows }));

const FIELDS = [
  'first_name',
  'last_name',
  'email',
  'phone_1',
  'state',
  'postal_code',
  'product',
  'home_owner',
];
const DIMS = [
  { path: 'lead.home_owner', type: 'boolean', values: ['true', 'false'] },
  { path: 'lead.product', type: 'text', values: ['roof', 'solar'] },
  { path: 'lead.state', type: 'text', values: null },
];

export const FLOWS = [
  {
    id: 'flow_solar',
    name: 'Residential solar',
    version: 12,
    enabled: true,
    sources: ['src_web_a', 'src_sunny'],
    dims: DIMS,
    fields: FIELDS,
  },
  {
    id: 'flow_roofs',
    name: 'Roof inspections',
    version: 4,
    enabled: true,
    sources: ['src_web_a', 'src_partner'],
    dims: DIMS,
    fields: FIELDS,
  },
];

const FIRST = ['Joan', 'Ana', 'Marcus', 'Priya', 'Tom', 'Elena', 'Samuel', 'Grace', 'Luis', 'Hannah'];
const LAST = ['Example', 'Sample', 'Placeholder', 'Testwell', 'Fictor', 'Inventa'];
const STATES = [
  ['TX', 'Texas'],
  ['OK', 'Oklahoma'],
  ['CA', 'California'],
  ['LA', 'Louisiana'],
];

/** mulberry32 */
export function random(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (next, list) => list[Math.floor(next() * list.length)];
const hex = (next, digits) =>
  Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
const idAt = (next, prefix, ms) =>
  `${prefix}_${Math.round(ms).toString(16).padStart(12, '0')}${hex(next, 12)}`;

export const STORIES = {
  sold: 30,
  soldToTwo: 8,
  secondBuyer: 9,
  outsideArea: 14,
  missingField: 6,
  duplicate: 6,
  outage: 7,
  capReached: 6,
  retried: 6,
  nobody: 5,
  negativeMargin: 2,
  returned: 2,
  returnRefused: 1,
  converted: 4,
};

/** A lead's whole life: its events with the milliseconds after `at` at which each ends. */
export function life(next, at, story) {
  const flow = story === 'soldToTwo' || story === 'outage' ? FLOWS[0] : pick(next, FLOWS);
  const source_id = pick(next, flow.sources);
  const source = ENTITIES.find((entity) => entity.id === source_id);
  const [first, last] = [pick(next, FIRST), pick(next, LAST)];
  const [state, stateName] = story === 'outsideArea' ? ['OH', 'Ohio'] : pick(next, STATES);
  const line = String(100 + Math.floor(next() * 100)).padStart(4, '0');
  const email = `${first}.${last}@example.com`.toLowerCase();
  const raw = {
    fname: first,
    lname: last,
    ...(story === 'missingField' ? {} : { email: email.toUpperCase() }),
    phone: `512555${line}`,
    region: state,
    zip: '78701',
    product: flow.id === 'flow_solar' ? 'solar' : 'roof',
    home_owner: 'yes',
    utm_campaign: 'autumn-24',
  };
  const parsed = {
    first_name: first,
    last_name: last,
    ...(story === 'missingField'
      ? {}
      : { email, 'email.domain': 'example.com', 'email.user': email.split('@')[0], 'email.valid': true }),
    phone_1: `(512) 555-${line}`,
    'phone_1.area': '512',
    'phone_1.line': line,
    'phone_1.valid': true,
    state,
    'state.name': stateName,
    'state.valid': true,
    postal_code: '78701',
    'postal_code.valid': true,
    product: raw.product,
    home_owner: true,
    'source.name': source.name,
  };
  const dims = { 'lead.home_owner': true, 'lead.product': raw.product, 'lead.state': state };
  /** Which fields are there and valid, for filters only. */
  const states = Object.fromEntries(
    FIELDS.map((field) => [field, { has: field in parsed, valid: field in parsed }]),
  );
  const lead_id = idAt(next, 'lead', at);
  const drafts = [];
  let lead = { ...raw };
  let clock = 0;
  const say = (type, after, more = {}) => {
    clock += after;
    const family = type.split('.')[0];
    const entity_id = ['source', 'flow'].includes(family) ? source.id : (more.entity_id ?? null);
    drafts.push({
      after: clock,
      event: {
        id: idAt(next, 'evt', at + clock),
        type,
        lead_id,
        flow_id: flow.id,
        flow_version: flow.version,
        source_id: source.id,
        outcome: null,
        reason: null,
        reason_code: null,
        duration_ms: Math.max(1, Math.round(after)),
        total_ms: Math.round(clock),
        ...more,
        ...(type === 'source.submitted' ? {} : { dims, states }),
        entity_id,
      },
      lead: { ...lead },
      hidden: { exchange: more.exchange, rules: more.rules, reason_raw: more.reason_raw },
    });
    return drafts.at(-1).event;
  };
  const message = (start, headers, body) =>
    `${start}\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\r\n')}\r\n\r\n${body}`;

  const money = { cost: 0, revenue: 0 };
  const deliveries = [];
  const complete = (outcome, reason = null, reason_code = null) => {
    const price = outcome === 'success' ? money.cost : 0;
    const answer = { outcome, ...(reason ? { reason } : {}), lead: { id: lead_id }, price };
    say('flow.completed', 1, {
      outcome,
      reason,
      reason_code,
      final_outcome: outcome,
      deliveries: deliveries.length,
      cost: price,
      revenue: money.revenue,
      margin: Number((money.revenue - price).toFixed(2)),
      exchange: [
        {
          response: message(
            'HTTP/1.1 201 Created',
            { 'content-type': 'application/json' },
            JSON.stringify(answer),
          ),
        },
      ],
    });
  };
  const delivery = (
    entity_id,
    result,
    { attempt = 1, first = null, price = 25, ms = null, ...more } = {},
  ) => {
    const step_id = entity_id.replace('buyer_', '');
    const delivery_id = first ?? idAt(next, 'evt', at + clock);
    const attempted = say('recipient.attempted', 2, { step_id, entity_id, attempt, delivery_id });
    if (first === null) attempted.id = delivery_id;
    const took = ms ?? 120 + next() * 240;
    const ok = result === 'delivered';
    const body = { contact: { mail: email, phones: [`(512) 555-${line}`] }, name: `${first} ${last}`, state };
    const reply = ok
      ? { result: { status: 'accepted', bid: price, id: 'R-20417' } }
      : { result: { status: 'declined', errors: [{ message: more.reason_raw ?? more.reason }] } };
    const request = message(
      'POST https://crm.example.com/leads HTTP/1.1',
      { 'content-type': 'application/json', 'idempotency-key': delivery_id, 'x-key': '…' },
      JSON.stringify(body),
    );
    const response =
      result === 'error'
        ? undefined
        : message(
            'HTTP/1.1 200 OK',
            { 'content-type': 'application/json', server: 'crm' },
            JSON.stringify(reply),
          );
    say(`recipient.${result}`, took, {
      ...{
        step_id,
        entity_id,
        attempt,
        delivery_id,
        integration: 'custom_json',
        wait_ms: Math.round(took - 3),
      },
      outcome: ok ? 'success' : result === 'failed' ? 'failure' : 'error',
      ...(result === 'error' ? {} : { response_code: 200 }),
      ...(ok ? { price } : {}),
      ...more,
      exchange: [{ request, ...(response ? { response } : {}) }],
    });
    if (ok) {
      money.revenue += price;
      deliveries.push(entity_id);
    }
    return delivery_id;
  };
  const enhance = (entity_id, ok, values = {}) => {
    const step_id = entity_id.replace('svc_', '') + '_check';
    const took = ok ? 60 + next() * 180 : 5000;
    for (const [name, value] of Object.entries(ok ? values : {})) lead[`appended.${step_id}.${name}`] = value;
    const request = message(
      `GET https://lookup.example.com/v1?number=512555${line} HTTP/1.1`,
      { 'x-key': '…' },
      '',
    );
    say(ok ? 'enhancement.success' : 'enhancement.error', took, {
      ...{
        step_id,
        entity_id,
        integration: 'custom_query',
        wait_ms: Math.round(took - 2),
        outcome: ok ? 'success' : 'error',
      },
      ...(ok
        ? { response_code: 200 }
        : { reason: 'Service timeout after 5000ms', reason_code: 'timeout', error_kind: 'timeout' }),
      exchange: [
        {
          request,
          ...(ok
            ? {
                response: message(
                  'HTTP/1.1 200 OK',
                  { 'content-type': 'application/json' },
                  JSON.stringify({ status: 'ok', ...values }),
                ),
              }
            : {}),
        },
      ],
    });
  };

  const body = JSON.stringify(raw);
  say('source.submitted', 3, {
    exchange: [
      {
        request: message(
          `POST /flows/${flow.id}/sources/${source.id}/submit HTTP/1.1`,
          {
            host: 'leads.example.com',
            authorization: '…',
            'content-type': 'application/json',
            'glassline-remote-address': '192.0.2.17:50122',
          },
          body,
        ),
      },
    ],
  });
  const done = (...rest) => {
    complete(...rest);
    return { lead_id, flow, source, story, drafts };
  };
  lead = { ...parsed };
  if (story === 'missingField' || story === 'duplicate') {
    const [reason, reason_code] =
      story === 'missingField'
        ? ['Missing required field: email', 'missing_field']
        : ['Duplicate: Previously submitted 2026-11-21', 'duplicate'];
    say('source.rejected', 1, { outcome: 'failure', reason, reason_code });
    return done('failure', reason, reason_code);
  }
  money.cost = story === 'negativeMargin' ? 28 : 15;
  say('source.accepted', 1, {
    ...{ outcome: 'success', price: money.cost },
    rules: [{ rule: 'email format is valid', actual: email, passed: true }],
  });
  enhance('svc_phone', story !== 'outage', { carrier: 'Verizon', line_type: 'mobile', valid: true });
  if (flow.id === 'flow_solar') enhance('svc_score', true, { score: 40 + Math.floor(next() * 60) });
  const inArea = story !== 'outsideArea';
  say(inArea ? 'filter.passed' : 'filter.failed', 1, {
    ...{ step_id: 'service_area', outcome: inArea ? 'success' : 'failure', rules_evaluated: 2 },
    ...(inArea ? {} : { reason: 'State not in approved list', reason_code: 'criteria' }),
    rules: [
      { rule: 'home_owner is equal to true', actual: true, passed: true },
      { rule: 'state is included in TX, OK, CA, LA', actual: state, passed: inArea },
    ],
  });
  if (!inArea) return done('failure', 'State not in approved list', 'criteria');
  const [one, two] =
    flow.id === 'flow_solar' ? ['buyer_brightside', 'buyer_homeward'] : ['buyer_shingle', 'buyer_premier'];
  const hours = 3_600_000;
  const feedback = (entity_id, type, outcome, more) => {
    const report = { entity_id, feedback: { type, ...more.feedback }, reason: more.reason ?? null };
    say('feedback.received', more.after, report);
    if (type === 'return' && outcome === 'success')
      say('feedback.returned', 1, { ...report, outcome: 'success' });
    say('feedback.processed', 1, { ...report, outcome, reason: more.refusal ?? report.reason });
  };
  switch (story) {
    case 'soldToTwo':
      delivery('buyer_premier', 'failed', {
        reason: 'Lead too old',
        reason_code: 'declined',
        reason_raw: 'Sorry, we have Joan already',
      });
      delivery(one, 'delivered', { price: 25 });
      delivery(two, 'delivered', { price: 22.5 });
      return done('success');
    case 'secondBuyer':
      delivery(one, 'failed', { reason: 'Account closed', reason_code: 'declined' });
      delivery(two, 'delivered', { price: 19 });
      return done('success');
    case 'capReached':
      say('recipient.failed', 1, {
        ...{ step_id: 'premier', entity_id: 'buyer_premier', outcome: 'failure', asked: false },
        ...{ reason: 'Daily cap reached (100/100)', reason_code: 'cap_reached' },
      });
      delivery(two === 'buyer_premier' ? one : two, 'delivered', { price: 21 });
      return done('success');
    case 'retriedOften': {
      const fault = { reason: 'Connection refused', reason_code: 'connection', error_kind: 'connect' };
      const step_id = one.replace('buyer_', '');
      say('recipient.skipped', 1, {
        ...{ step_id: 'premier', entity_id: 'buyer_premier', outcome: 'skip' },
        ...{ reason: 'Condition not met', reason_code: 'criteria' },
      });
      const first = delivery(one, 'error', { ms: 10, ...fault });
      const result = done('failure', 'No buyer', 'no_buyer');
      for (let attempt = 2; attempt <= 5; attempt += 1) {
        const due = new Date(at + clock + 270_000).toISOString();
        say('retry.scheduled', 1, { step_id, entity_id: one, attempt, due, delivery_id: first });
        say('retry.attempted', 270_000, { step_id, entity_id: one, attempt, delivery_id: first });
        if (attempt < 5) delivery(one, 'error', { attempt, first, ms: 10, ...fault });
        else delivery(one, 'delivered', { attempt, first, price: 25 });
      }
      return result;
    }
    case 'retried': {
      const fault = {
        reason: 'Service timeout after 10000ms',
        reason_code: 'timeout',
        error_kind: 'timeout',
      };
      const first = delivery(one, 'error', { ms: 10_000, ...fault });
      const step_id = one.replace('buyer_', '');
      const due = new Date(at + clock + 12_000).toISOString();
      say('retry.scheduled', 1, { step_id, entity_id: one, attempt: 2, due, delivery_id: first });
      const result = done('error', 'No buyer in time', 'no_buyer');
      say('retry.attempted', 12_000, { step_id, entity_id: one, attempt: 2, delivery_id: first });
      delivery(one, 'delivered', { attempt: 2, first, price: 25 });
      return result;
    }
    case 'nobody':
      delivery(one, 'failed', { reason: 'Outside coverage', reason_code: 'declined' });
      delivery(two, 'failed', {
        reason: 'Daily cap reached (100/100)',
        reason_code: 'cap_reached',
        asked: true,
      });
      return done('failure', 'No buyer', 'no_buyer');
    default: {
      delivery(one, 'delivered', { price: story === 'negativeMargin' ? 25 : 18 + Math.floor(next() * 14) });
      const result = done('success');
      if (story === 'converted')
        feedback(one, 'conversion', 'success', {
          after: 4.5 * hours,
          feedback: { value: 4200, days_to_convert: 1 },
        });
      if (story === 'returned')
        feedback(one, 'return', 'success', { after: 2.2 * hours, reason: 'Number disconnected' });
      if (story === 'returnRefused') {
        feedback(one, 'return', 'failure', {
          after: 3 * hours,
          reason: 'Wrong product',
          refusal: 'Must be returned within 2 hours',
        });
      }
      return result;
    }
  }
}

export function pickStory(next) {
  let left = next() * Object.values(STORIES).reduce((a, b) => a + b);
  for (const [story, weight] of Object.entries(STORIES)) {
    left -= weight;
    if (left < 0) return story;
  }
  return 'sold';
}
