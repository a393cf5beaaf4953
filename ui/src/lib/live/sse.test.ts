import { expect, it } from 'vitest';

import { SseParser } from './sse';

const STREAM =
  ': hello\n\nevent: open\ndata: {"n":1}\n\nid: 7\nevent: batch\ndata: a\ndata: b\n\n:\n\ndata: c\n\nid: 9\n\n';
const MESSAGES = [
  { event: 'open', id: null, data: '{"n":1}' },
  { event: 'batch', id: '7', data: 'a\nb' },
  { event: 'message', id: '7', data: 'c' },
];

it('messages are the same however the bytes are cut, and whatever ends a line', () => {
  for (const stream of [STREAM, STREAM.replaceAll('\n', '\r\n'), STREAM.replaceAll('\n', '\r') + ':']) {
    for (const size of [1, 2, 3, 7, stream.length]) {
      const parser = new SseParser();
      const messages = [];
      for (let at = 0; at < stream.length; at += size)
        messages.push(...parser.push(stream.slice(at, at + size)));
      expect(messages, `pieces of ${size}`).toEqual(MESSAGES);
    }
  }
});

it('half a message is no message', () => {
  const parser = new SseParser();
  expect(parser.push('event: batch\ndata: {"data":[]}\n')).toEqual([]);
  expect(parser.push('\n')).toHaveLength(1);
});
