//! What went wrong with a request, in one shape for every page.

/** What kind of answer a page can give to a problem. */
export type ProblemKind = 'offline' | 'signed_out' | 'forbidden' | 'not_found' | 'refused' | 'broken';

export class Problem extends Error {
  override name = 'Problem';

  constructor(
    readonly kind: ProblemKind,
    message: string,
    readonly status: number | null = null,
    readonly code: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }

  /** The scope that a refusal names, such as `pii:read`. */
  get scope(): string | null {
    return this.kind === 'forbidden' ? (/scope ([a-z_:<>]+)/.exec(this.message)?.[1] ?? null) : null;
  }
}

/** The problem that an answer tells of; `body` is the answer as JSON, if it was any. */
export function problemOf(response: { status: number; headers: Headers }, body: unknown): Problem {
  const told = (body as { error?: { code?: unknown; message?: unknown; request_id?: unknown } } | null)
    ?.error;
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const requestId = text(told?.request_id) ?? response.headers.get('x-request-id');
  const message = text(told?.message) ?? `the server answered ${response.status} without saying why`;
  return new Problem(kindOf(response.status), message, response.status, text(told?.code), requestId);
}

function kindOf(status: number): ProblemKind {
  if (status === 401) return 'signed_out';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  return status < 500 ? 'refused' : 'broken';
}

/** Whatever was thrown, as a problem. `fetch` throws a `TypeError` when nothing answers. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) return new Problem('offline', 'the server does not answer');
  return new Problem('broken', thrown instanceof Error ? thrown.message : String(thrown));
}

export const isAbort = (thrown: unknown): boolean =>
  thrown instanceof DOMException && thrown.name === 'AbortError';
