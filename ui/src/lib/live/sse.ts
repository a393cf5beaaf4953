//! Server-sent events out of a byte stream. `EventSource` would do, but it hides the status of a refusal and
//! the heartbeats by which a dead connection is known.

export interface Message {
  event: string;
  id: string | null;
  data: string;
}

/** Takes text as it arrives, in pieces of any size, and gives whole messages. */
export class SseParser {
  #rest = '';
  #event = '';
  #id: string | null = null;
  #data: string[] = [];

  push(text: string): Message[] {
    const messages: Message[] = [];
    this.#rest += text;
    for (;;) {
      const end = /\r\n|\n|\r/.exec(this.#rest);
      // A carriage return at the very end may be half of a line break.
      if (end === null || (end[0] === '\r' && end.index + 1 === this.#rest.length)) return messages;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      const message = this.#line(line);
      if (message !== null) messages.push(message);
    }
  }

  #line(line: string): Message | null {
    if (line === '') {
      const message = { event: this.#event || 'message', id: this.#id, data: this.#data.join('\n') };
      const whole = this.#data.length > 0;
      this.#event = '';
      this.#data = [];
      return whole ? message : null;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return null; // A comment: the heartbeat.
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    else if (name === 'id') this.#id = value;
    else if (name === 'data') this.#data.push(value);
    return null;
  }
}
