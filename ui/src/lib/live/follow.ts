//! When the live list moves. It follows the newest event until somebody looks at a row: reading, scrolling
//! and selecting hold it still, while collecting goes on.

/** Why the list stands still. */
export type Hold = 'paused' | 'scrolled' | 'opened' | 'focused' | 'selecting';

export interface Following {
  holds: ReadonlySet<Hold>;
  /** The position after the last row shown while it stands still. */
  edge: number | null;
}

export const FOLLOWING: Following = { holds: new Set(), edge: null };

export const isFollowing = (state: Following): boolean => state.holds.size === 0;

/** Holds the list at the rows that are there, or lets one hold go. */
export function hold(state: Following, why: Hold, on: boolean, end: number): Following {
  if (state.holds.has(why) === on) return state;
  const holds = new Set(state.holds);
  if (on) holds.add(why);
  else holds.delete(why);
  if (holds.size === 0) return FOLLOWING;
  return { holds, edge: state.edge ?? end };
}

/** The position after the last row to show. */
export const edgeOf = (state: Following, end: number): number => Math.min(state.edge ?? end, end);

/** How many rows came in since the list stands still. */
export const waiting = (state: Following, end: number): number => end - edgeOf(state, end);
