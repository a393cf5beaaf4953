//! Who is signed in, and what their key may do.

import { api, ask, whenSignedOut, type Session } from '../api/client';
import { toProblem, type Problem } from '../api/problem';

class SessionState {
  /** `undefined` until the server was asked; null when nobody is signed in. */
  current: Session | null | undefined = $state.raw(undefined);
  /** Why the server could not be asked. */
  problem: Problem | null = $state.raw(null);
  /** Whether a session ended by itself, as after twelve hours. */
  expired = $state.raw(false);

  constructor() {
    whenSignedOut(() => {
      if (this.current) this.expired = true;
      if (this.current !== undefined) this.current = null;
    });
  }

  may(scope: string): boolean {
    const scopes = this.current?.key.scopes ?? [];
    return scopes.includes('admin') || scopes.includes(scope);
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      this.current = await ask(api.GET('/session'));
      this.expired = false;
    } catch (thrown) {
      const problem = toProblem(thrown);
      if (problem.kind === 'signed_out') this.current = null;
      else this.problem = problem;
    }
  }

  /** Signs in with a key. Throws a `Problem` when it is refused. */
  async signIn(key: string): Promise<void> {
    await ask(api.POST('/session', { body: { key } }));
    this.current = await ask(api.GET('/session'));
    this.expired = false;
  }

  async signOut(): Promise<void> {
    try {
      await ask(api.DELETE('/session'));
    } finally {
      this.current = null;
      this.expired = false;
    }
  }
}

export const session = new SessionState();

/** Takes a key out of the address (`#key=gl_…`), so that neither history nor a copied link holds it. */
export function takeKeyFromAddress(): string | null {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return key;
}
