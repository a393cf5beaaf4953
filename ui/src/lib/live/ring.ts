//! What the live page remembers: the newest rows, in ledger order, outside the reactive graph. Rows are
//! counted from the first that ever came in, so that a position stays true while old rows fall out.

/** A row of the list: an event's projection, or the mark of events that were left out. */
export interface Row {
  seq: number;
  id: string;
  type: string;
  timestamp: string;
  lead_id: string | null;
  flow_id: string | null;
  entity_id: string | null;
  step_id?: string | null;
  outcome: string | null;
  reason: string | null;
  duration_ms?: number | null;
  price?: number | null;
  attempt?: number | null;
  test?: boolean | null;
  /** Set on a mark: the last seq that was left out; `seq` is the first. */
  gap_to?: number;
}

/** Only what rows show is kept, so that 100,000 of them stay small. */
export function rowOf(event: Row): Row {
  const { seq, id, type, timestamp, lead_id, flow_id, entity_id, step_id, outcome, reason } = event;
  const { duration_ms, price, attempt, test } = event;
  return {
    ...{ seq, id, type, timestamp, lead_id, flow_id, entity_id, step_id, outcome, reason },
    ...{ duration_ms, price, attempt, test },
  };
}

export class Ring {
  #rows: (Row | undefined)[];
  /** Rows that ever came in; also the position after the newest. */
  end = 0;
  /** Position of the oldest row that is still here. */
  start = 0;

  constructor(readonly capacity: number) {
    this.#rows = new Array<Row | undefined>(capacity);
  }

  get length(): number {
    return this.end - this.start;
  }

  at(position: number): Row | undefined {
    if (position < this.start || position >= this.end) return undefined;
    return this.#rows[position % this.capacity];
  }

  newest(): Row | undefined {
    return this.at(this.end - 1);
  }

  /** Takes a row in. One that is not newer than the newest is here already. */
  push(row: Row): boolean {
    const newest = this.newest();
    if (newest !== undefined && row.seq <= (newest.gap_to ?? newest.seq)) return false;
    this.#rows[this.end % this.capacity] = row;
    this.end += 1;
    this.start = Math.max(this.start, this.end - this.capacity);
    return true;
  }

  /** Position of the event, or -1. */
  find(id: string): number {
    for (let position = this.end - 1; position >= this.start; position -= 1) {
      if (this.at(position)!.id === id) return position;
    }
    return -1;
  }

  clear(): void {
    this.#rows = new Array<Row | undefined>(this.capacity);
    this.start = this.end;
  }
}
