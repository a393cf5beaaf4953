//! What an event changed: two snapshots of a lead, side by side.

import type { ChangedPaths, Snapshot } from './api/client';
import { isMasked, valueText } from './format';

export type ChangeKind = 'added' | 'changed' | 'removed';

export interface Change {
  path: string;
  kind: ChangeKind;
  before: string;
  after: string;
}

export interface Changes {
  changes: Change[];
  /** Fields that are there before and after, with values that only the server could compare. */
  unknown: string[];
}

export const SIGN: { [kind in ChangeKind]: string } = { added: '+', changed: '~', removed: '−' };

type Before = Snapshot | null | undefined;

/**
 * The differences in order of path: those that the server found in the clear values, else those that are seen.
 * Of a masked value nothing is seen: neither that it changed nor that it did not. Without a snapshot before,
 * everything is new.
 */
export function changesOf(before: Before, after: Before, told?: ChangedPaths | null): Changes {
  const [old, young] = [before ?? {}, after ?? {}];
  const change = (path: string, kind: ChangeKind): Change => ({
    ...{ path, kind },
    before: kind === 'added' ? '' : valueText(old[path]),
    after: kind === 'removed' ? '' : valueText(young[path]),
  });
  if (told) {
    const kinds = ['added', 'changed', 'removed'] as const;
    const changes = kinds.flatMap((kind) => told[kind].filter(isField).map((path) => change(path, kind)));
    return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)), unknown: [] };
  }
  const found: Changes = { changes: [], unknown: [] };
  const paths = [...new Set([...Object.keys(old), ...Object.keys(young)])].filter(isField).sort();
  for (const path of paths) {
    if (!(path in old)) found.changes.push(change(path, 'added'));
    else if (!(path in young)) found.changes.push(change(path, 'removed'));
    else if (isMasked(old[path]) || isMasked(young[path])) found.unknown.push(path);
    else if (JSON.stringify(old[path]) !== JSON.stringify(young[path]))
      found.changes.push(change(path, 'changed'));
  }
  return found;
}

/** How many fields the second snapshot has that the first has not. */
export const addedTo = (before: Before, after: Before): number =>
  changesOf(before, after).changes.filter(({ kind }) => kind === 'added').length;

/** How many fields a snapshot has, its own id aside. */
export const fieldsOf = (snapshot: Before): number => Object.keys(snapshot ?? {}).filter(isField).length;

const isField = (path: string): boolean => path !== 'id';
