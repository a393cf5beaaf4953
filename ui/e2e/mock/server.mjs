//! The part of the API that the pages use, over the mock's ledger, with the built pages beside it as the real
//! server serves them: security headers, a build id in the path of assets, 404 for assets that are missing.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { extname, join, normalize } from 'node:path';

import { filterOf, Ledger, shown } from './ledger.mjs';
import { ENTITIES, FLOWS } from './world.mjs';

export const KEYS = {
  gl_mock_admin: { name: 'key_admin', label: 'Administrator', scopes: ['admin'] },
  gl_mock_reader: { name: 'key_reader', label: 'Support desk', scopes: ['read'] },
  gl_mock_submit: { name: 'key_submit', label: 'Web form', scopes: ['submit:src_web_a'] },
};
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
const TYPES = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
};

/** How a recipient stands after each of its events. */
const STATUS_OF = {
  'recipient.attempted': 'pending',
  'recipient.delivered': 'delivered',
  'recipient.failed': 'declined',
  'recipient.error': 'error',
  'recipient.skipped': 'skipped',
};

export function mock({ dist, leads = 400, seed = 7, rate = 3, empty = false } = {}) {
  const ledger = new Ledger(seed);
  if (!empty) ledger.fill(leads, Date.now());
  const sessions = new Map();
  const refused = (status, code, message) => Object.assign(new Error(message), { status, code });

  const server = createServer((request, response) => {
    const request_id = `req_${randomBytes(12).toString('hex')}`;
    const url = new URL(request.url, 'http://mock');
    const send = (status, body, headers = {}) => {
      const json = body !== undefined && !Buffer.isBuffer(body);
      response.writeHead(status, {
        ...HEADERS,
        'x-request-id': request_id,
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...headers,
      });
      response.end(json ? JSON.stringify(body) : body);
    };
    handle(request, url, send, response).catch((error) => {
      if (response.headersSent) return response.destroy();
      const { status = 500, code = 'internal' } = error;
      send(status, { error: { code, message: error.message, field: null, request_id } });
    });
  });

  async function handle(request, url, send, response) {
    const { pathname: path, searchParams: params } = url;
    if (path === '/') return send(302, undefined, { location: '/ui/' });
    if (path === '/healthz') return send(200, { ok: true });
    if (path === '/ui' || path.startsWith('/ui/')) return page(path, send);
    if (path === '/mock/submit')
      return send(200, {
        id: ledger.submit(params.get('story') ?? undefined, Number(params.get('pace') ?? 1)),
      });
    if (path === '/mock/drop') {
      for (const cut of cuts) cut();
      return send(204);
    }

    const cookie = /glassline_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    if (path === '/session' && request.method === 'POST') {
      const { key } = JSON.parse(await bodyOf(request));
      if (!KEYS[key]) throw refused(401, 'unauthorized', 'this key is not known here');
      const session = randomBytes(16).toString('hex');
      sessions.set(session, KEYS[key]);
      return send(204, undefined, {
        'set-cookie': `glassline_session=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200`,
      });
    }
    const key = sessions.get(cookie);
    if (!key) throw refused(401, 'unauthorized', 'a key is needed: Authorization: Bearer gl_…');
    const may = (scope) => key.scopes.includes('admin') || key.scopes.includes(scope);
    const need = (scope) => {
      if (!may(scope)) throw refused(403, 'forbidden', `this key lacks the scope ${scope}`);
    };
    if (path === '/session') {
      if (request.method === 'GET') return send(200, { key, version: '0.1.0', demo: true });
      if (request.headers['x-glassline'] !== '1')
        throw refused(403, 'forbidden', 'the header x-glassline is missing');
      sessions.delete(cookie);
      return send(204, undefined, { 'set-cookie': 'glassline_session=; Path=/; Max-Age=0' });
    }
    need('read');
    const sight = {
      shape: params.get('shape') ?? 'flat',
      expand: params.getAll('expand').join(','),
      reveal: params.get('reveal') === '1',
    };
    if (sight.reveal) need('pii:read');
    if (path === '/entities') return send(200, { data: ENTITIES });
    if (path === '/flows') return send(200, { data: FLOWS });
    if (path === '/events') return send(200, events(ledger.events, url, sight, '-seq'));
    if (path === '/events/stream') return follow(request, params, sight, response);
    if (path === '/leads') return send(200, leadsPage(url));
    const [, kind, id, rest] = path.split('/');
    if (kind === 'events') {
      const found = ledger.events.find((event) => event.header.id === id);
      if (!found) throw refused(404, 'not_found', 'there is no such event');
      const changes = sight.expand.includes('changes') ? { changes: ledger.changes(found) } : {};
      return send(200, { ...shown(found, sight), ...changes });
    }
    if (kind === 'leads') {
      const chain = ledger.chain(id);
      if (!chain) throw refused(404, 'not_found', 'there is no such lead');
      if (rest === 'events') return send(200, events(chain, url, sight, 'seq'));
      if (rest === 'explain') return send(200, explanation(chain));
      return send(200, ledger.lead(id, sight));
    }
    throw refused(404, 'not_found', 'there is no such address');
  }

  function events(all, url, sight, order) {
    const { searchParams: params } = url;
    const newestFirst = (params.get('sort') ?? order) === '-seq';
    const [after, before] = [Number(params.get('after') ?? -1), Number(params.get('before') ?? Infinity)];
    const limit = Number(params.get('limit') ?? 50);
    const wanted = filterOf(params);
    const fits = all.filter(
      (it) => it.seq > after && it.seq < before && wanted({ ...it.header, timestamp: it.timestamp }),
    );
    if (newestFirst) fits.reverse();
    const data = fits.slice(0, limit);
    return {
      data: data.map((it) => shown(it, sight)),
      next: next(url, newestFirst, fits.length > limit, data.at(-1)?.seq),
      complete_to_seq: ledger.completeTo,
    };
  }

  /** The same buyers as the flow has, each with its last word. */
  function explanation(chain) {
    const { lead_id, flow_id, flow_version } = chain[0].header;
    const told = new Map();
    for (const { header } of chain) {
      const status = STATUS_OF[header.type];
      if (!status) continue;
      const { step_id, entity_id, reason = null, reason_code = null, price = null, id } = header;
      const attempts = chain.filter(
        (own) => own.header.type === 'recipient.attempted' && own.header.step_id === step_id,
      ).length;
      told.set(step_id, {
        ...{ step_id, entity_id, group: null, status, reason, reason_code, bid: null, price, attempts },
        may_have_lead: status === 'delivered' || status === 'unknown',
        ...{ event_id: id, rules: [] },
      });
    }
    return { lead_id, flow_id, flow_version, recipients: [...told.values()] };
  }

  function leadsPage(url) {
    const { searchParams: params } = url;
    const limit = Number(params.get('limit') ?? 50);
    const before = Number(params.get('before') ?? Infinity);
    const entity = params.get('entity_id');
    const rest = new URLSearchParams(params);
    rest.delete('entity_id');
    const wanted = filterOf(rest);
    const fits = ledger
      .leads()
      .filter(
        (lead) =>
          lead.seq < before &&
          lead.margin >= Number(params.get('min_margin') ?? -Infinity) &&
          lead.margin <= Number(params.get('max_margin') ?? Infinity) &&
          wanted({ ...lead, ...ledger.traits(lead.id) }) &&
          (!entity || lead.buyers.some((buyer) => entity.split(',').includes(buyer.entity_id))),
      );
    const data = fits.slice(0, limit);
    return {
      data,
      next: next(url, true, fits.length > limit, data.at(-1)?.seq),
      complete_to_seq: ledger.completeTo,
    };
  }

  function next(url, newestFirst, more, seq) {
    if (!more) return null;
    const params = new URLSearchParams(url.searchParams);
    params.set(newestFirst ? 'before' : 'after', seq);
    return `${url.pathname}?${params}`;
  }

  const cuts = new Set();

  function follow(request, params, sight, response) {
    const wanted = filterOf(params);
    const from = request.headers['last-event-id'] ?? params.get('after');
    let seen = from === null ? ledger.completeTo - 1 : Number(from);
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`event: open\ndata: {"complete_to_seq":${ledger.completeTo}}\n\n`);
    const flush = () => {
      timer = null;
      const fresh = ledger.events.slice(seen).filter((it) => it.seq > seen);
      if (fresh.length === 0) return;
      seen = fresh.at(-1).seq;
      const data = fresh
        .filter((it) => wanted({ ...it.header, timestamp: it.timestamp }))
        .map((it) => shown(it, sight));
      response.write(
        `id: ${seen}\nevent: batch\ndata: ${JSON.stringify({ data, complete_to_seq: seen + 1 })}\n\n`,
      );
    };
    let timer = setTimeout(flush, 0);
    const onEvent = () => (timer ??= setTimeout(flush, 50));
    const heartbeat = setInterval(() => response.write(': still here\n\n'), 15_000);
    const cut = () => response.destroy();
    ledger.followers.add(onEvent);
    cuts.add(cut);
    response.on('close', () => {
      ledger.followers.delete(onEvent);
      cuts.delete(cut);
      clearInterval(heartbeat);
      clearTimeout(timer);
    });
  }

  async function page(path, send) {
    const asset = /^\/ui\/assets\/[0-9a-f]{12}\/(.+)$/.exec(path)?.[1];
    if (asset) {
      const file = normalize(join('/', asset));
      const bytes = await readFile(join(dist, 'assets', file)).catch(() => null);
      if (bytes === null) throw refused(404, 'not_found', 'there is no such file');
      return send(200, bytes, {
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'cache-control': 'public, max-age=31536000, immutable',
      });
    }
    if (path.startsWith('/ui/assets/')) throw refused(404, 'not_found', 'there is no such file');
    const build = createHash('sha256')
      .update(await readFile(join(dist, 'assets/main.js')))
      .digest('hex')
      .slice(0, 12);
    const html = (await readFile(join(dist, 'index.html'), 'utf8')).replaceAll(
      '"./assets/',
      `"/ui/assets/${build}/`,
    );
    return send(200, Buffer.from(html), {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
  }

  const drip = rate > 0 && !empty ? setInterval(() => ledger.submit(), 1000 / rate) : null;
  server.on('close', () => clearInterval(drip));
  return { server, ledger };
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
