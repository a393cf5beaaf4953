//! The state of the one live connection, for the dot in the top bar.

import type { TailState } from '../live/tail';

class LiveState {
  /** Null when no page follows anything. */
  tail: TailState | null = $state.raw(null);
  /** When the newest event was, for "last event 14:30:45". */
  lastEvent = $state.raw('');
}

export const live = new LiveState();
