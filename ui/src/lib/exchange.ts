//! A recorded request or answer, taken apart for reading.

export interface HttpMessage {
  start: string;
  headers: [string, string][];
  /** Ready to read: JSON is laid out over lines. */
  body: string;
  /** Said when not all of it was kept. */
  cut: string | null;
}

/** Reads what an exchange holds: HTTP/1.1 text, or that of mail, or the beginning of it with what is known of the rest. */
export function httpMessage(side: unknown): HttpMessage | null {
  if (side === null || side === undefined) return null;
  if (typeof side === 'string') return readMessage(side, null);
  const { cut, bytes } = side as { cut?: unknown; bytes?: unknown };
  if (typeof cut !== 'string') return readMessage(JSON.stringify(side), null);
  return readMessage(cut, `cut; the whole had ${String(bytes)} bytes`);
}

function readMessage(text: string, cut: string | null): HttpMessage {
  const [head = '', ...bodies] = text.split(/\r?\n\r?\n/);
  const [start = '', ...lines] = head.split(/\r?\n/);
  if (!/^([A-Z]+ \S+|HTTP\/[\d.]+ )/.test(start)) return { start: '', headers: [], body: text, cut };
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { start, headers, body: laidOut(bodies.join('\n\n')), cut };
}

function laidOut(body: string): string {
  if (!/^\s*[[{]/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
