//! Where the next page of a list begins. A page may be short, or even empty, and still have one after it, so
//! only what the server says counts.

/** The cursor in the `next` of a page; null when there is no page after it. */
export function cursorOf(next: string | null): { before?: number; after?: number } | null {
  if (next === null) return null;
  const query = new URLSearchParams(next.slice(next.indexOf('?') + 1));
  const seq = (name: string): number | undefined => {
    const text = query.get(name);
    return text === null ? undefined : Number(text);
  };
  return { before: seq('before'), after: seq('after') };
}
