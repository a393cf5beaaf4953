//! Seeing personal values in clear: of one lead, for a reason that the server records, and for five minutes.

/** After this long the values are masked again. */
const REVEAL_MS = 5 * 60_000;
/** Reasons offered again; they live as long as the page, for they may name a person. */
const REASONS_MAX = 5;

class Reveal {
  leadId: string | null = $state.raw(null);
  #why = '';
  until = $state.raw(0);
  /** Counts changes, so that views load anew. */
  version = $state.raw(0);
  reasons: string[] = $state.raw([]);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(leadId: string, why: string): void {
    clearTimeout(this.#timer);
    this.leadId = leadId;
    this.#why = why;
    this.until = Date.now() + REVEAL_MS;
    this.reasons = [why, ...this.reasons.filter((it) => it !== why)].slice(0, REASONS_MAX);
    this.version += 1;
    this.#timer = setTimeout(() => this.stop(), REVEAL_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.leadId === null) return;
    this.leadId = null;
    this.#why = '';
    this.version += 1;
  }

  /** What a request about a lead adds to see it in clear. */
  sight(leadId: string | null): { reveal?: string; why?: string } {
    return leadId !== null && leadId === this.leadId ? { reveal: '1', why: this.#why } : {};
  }
}

export const reveal = new Reveal();
