/**
 * The API as the pages use it, in the form that openapi-typescript writes. `npm run types` writes it anew
 * from `crates/server/openapi.json`.
 */
export interface paths {
  '/session': {
    get: { responses: { 200: Json<components['schemas']['Session']>; default: Refused } };
    post: { requestBody: Body<{ key: string }>; responses: { 204: Empty; default: Refused } };
    delete: { responses: { 204: Empty; default: Refused } };
  };
  '/events': {
    get: {
      parameters: { query?: EventFilters & Page & Sight };
      responses: { 200: Json<components['schemas']['EventPage']>; default: Refused };
    };
  };
  '/events/{event}': {
    get: {
      parameters: { path: { event: string }; query?: Sight };
      responses: { 200: Json<components['schemas']['Event']>; default: Refused };
    };
  };
  '/leads': {
    get: {
      parameters: { query?: LeadFilters & Page };
      responses: { 200: Json<components['schemas']['LeadPage']>; default: Refused };
    };
  };
  '/leads/{lead}': {
    get: {
      parameters: { path: { lead: string }; query?: Sight };
      responses: { 200: Json<components['schemas']['Lead']>; default: Refused };
    };
  };
  '/leads/{lead}/events': {
    get: {
      parameters: { path: { lead: string }; query?: EventFilters & Page & Sight };
      responses: { 200: Json<components['schemas']['EventPage']>; default: Refused };
    };
  };
  '/entities': { get: { responses: { 200: Json<{ data: components['schemas']['Entity'][] }>; default: Refused } } };
  '/flows': { get: { responses: { 200: Json<{ data: components['schemas']['Flow'][] }>; default: Refused } } };
}

export interface components {
  schemas: {
    Session: {
      key: { name: string; label: string; scopes: string[] };
      version: string;
      demo: boolean;
    };
    Event: {
      id: string;
      seq: number;
      type: string;
      timestamp: string;
      lead_id: string | null;
      lead_seq?: number | null;
      flow_id: string | null;
      flow_version?: number | null;
      step_id?: string | null;
      source_id?: string | null;
      entity_id: string | null;
      outcome: string | null;
      reason: string | null;
      reason_code: string | null;
      duration_ms?: number | null;
      wait_ms?: number | null;
      total_ms?: number | null;
      integration?: string | null;
      response_code?: number | null;
      price?: number | null;
      attempt?: number | null;
      delivery_id?: string | null;
      asked?: boolean | null;
      error_kind?: string | null;
      due?: string | null;
      rules_evaluated?: number | null;
      final_outcome?: string | null;
      cost?: number | null;
      revenue?: number | null;
      margin?: number | null;
      feedback?: { type: string; value?: number | null; days_to_convert?: number | null } | null;
      test?: boolean | null;
      lead?: { [path: string]: unknown } | null;
      erased?: boolean | null;
      unreadable?: boolean | null;
      exchange?: { request?: unknown | null; response?: unknown }[] | null;
      rules?: { rule: string; actual: unknown; passed: boolean }[] | null;
      reason_raw?: string | null;
    };
    EventPage: { data: components['schemas']['Event'][]; next: string | null; complete_to_seq: number };
    Lead: {
      id: string;
      seq: number;
      submitted_at: string;
      updated_at: string;
      flow_id: string;
      flow_version: number;
      source_id: string;
      state: 'running' | 'rejected' | 'accepted' | 'sold' | 'returned' | 'converted' | 'error';
      outcome: string | null;
      reason: string | null;
      reason_code: string | null;
      buyers: {
        entity_id: string;
        step_id: string;
        delivery_id: string | null;
        outcome: string | null;
        price: number | null;
        returned: boolean;
        converted: boolean;
        counts_as?: string | null;
      }[];
      cost: number;
      revenue: number;
      margin: number;
      path: { type: string; step_id: string | null; entity_id: string | null; outcome: string | null }[];
      events: number;
      last_seq: number;
      total_ms: number | null;
      test: boolean;
      lead?: { [path: string]: unknown } | null;
    };
    LeadPage: { data: components['schemas']['Lead'][]; next: string | null; complete_to_seq: number };
    Entity: { id: string; kind: string; name: string; paused: boolean; flows: string[] };
    Flow: { id: string; name: string; version: number; enabled: boolean; sources: string[] };
    Problem: { error: { code: string; message: string; field?: string | null; request_id: string } };
  };
}

interface EventFilters {
  type?: string[];
  outcome?: string[];
  flow_id?: string[];
  source_id?: string[];
  entity_id?: string[];
  lead_id?: string[];
  step_id?: string[];
  integration?: string[];
  reason_code?: string[];
  start?: string;
  end?: string;
  min_ms?: string;
  max_ms?: string;
  min_price?: string;
  max_price?: string;
  test?: string;
}

interface LeadFilters {
  flow_id?: string[];
  source_id?: string[];
  entity_id?: string[];
  outcome?: string[];
  state?: string[];
  start?: string;
  end?: string;
  test?: string;
}

interface Page {
  after?: number;
  before?: number;
  limit?: number;
  sort?: string;
}

interface Sight {
  shape?: string;
  expand?: string;
  reveal?: string;
  why?: string;
}

interface Json<T> {
  headers: { [name: string]: unknown };
  content: { 'application/json': T };
}

interface Body<T> {
  content: { 'application/json': T };
}

interface Empty {
  headers: { [name: string]: unknown };
  content?: never;
}

type Refused = Json<components['schemas']['Problem']>;
