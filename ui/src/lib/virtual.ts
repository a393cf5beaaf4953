//! Which rows of a long list of equal rows are in the document.

/** Rows drawn beyond each edge of what is seen. */
const BEYOND = 8;

export interface Slice {
  /** Indices of the rows to draw, ascending. */
  indices: number[];
  /** Height of the whole list. */
  height: number;
}

/** The rows to draw. The row that has the focus is among them wherever it is, else the focus would be lost. */
export function sliceOf(
  total: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
  focused = -1,
): Slice {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND);
  const last = Math.min(total, Math.ceil((scrollTop + viewHeight) / rowHeight) + BEYOND);
  const indices = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  if (focused >= 0 && focused < total) {
    if (focused < first) indices.unshift(focused);
    else if (focused >= last) indices.push(focused);
  }
  return { indices, height: total * rowHeight };
}

/** Where to scroll to, so that a row is seen whole and, with the least movement, not at the very edge. */
export function scrollToShow(
  index: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
): number {
  const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight];
  if (top - rowHeight < scrollTop) return Math.max(0, top - rowHeight);
  if (bottom + rowHeight > scrollTop + viewHeight) return bottom + rowHeight - viewHeight;
  return scrollTop;
}
