//! What an event changed: two snapshots of a lead, side by side.

import type { Snapshot } from './api/client';
import { isMasked, valueText } from './format';

export type ChangeKind = 'added' | 'changed' | 'removed';

export interface Change {
  path: string;
  kind: ChangeKind;
  before: string;
  after: string;
}

export const SIGN: { [kind in ChangeKind]: string } = { added: '+', changed: '~', removed: '−' };

/** The differences in order of path. Without a snapshot before, everything is new. */
export function changesOf(before: Snapshot | null | undefined, after: Snapshot | null | undefined): Change[] {
  const [old, young] = [before ?? {}, after ?? {}];
  const paths = [...new Set([...Object.keys(old), ...Object.keys(young)])]
    .filter((path) => path !== 'id')
    .sort();
  return paths.flatMap((path): Change[] => {
    const [was, is] = [valueText(old[path]), valueText(young[path])];
    if (!(path in old)) return [{ path, kind: 'added', before: '', after: is }];
    if (!(path in young)) return [{ path, kind: 'removed', before: was, after: '' }];
    return JSON.stringify(old[path]) === JSON.stringify(young[path])
      ? []
      : [{ path, kind: 'changed', before: was, after: is }];
  });
}

/** Whether equal-looking masked values may hide a change. */
export const mayHideChanges = (snapshot: Snapshot | null | undefined): boolean =>
  Object.values(snapshot ?? {}).some(isMasked);

/** How many fields a snapshot has, its own id aside. */
export const fieldsOf = (snapshot: Snapshot | null | undefined): number =>
  Object.keys(snapshot ?? {}).filter((path) => path !== 'id').length;
