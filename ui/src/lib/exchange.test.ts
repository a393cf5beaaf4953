import { expect, it } from 'vitest';

import { httpMessage } from './exchange';

it('a request is taken apart, and JSON is laid out', () => {
  expect(httpMessage('POST /leads HTTP/1.1\r\nhost: example.com\r\nx-a: b: c\r\n\r\n{"a":1}')).toEqual({
    start: 'POST /leads HTTP/1.1',
    headers: [
      ['host', 'example.com'],
      ['x-a', 'b: c'],
    ],
    body: '{\n  "a": 1\n}',
    cut: null,
  });
});

it('a message by mail is taken apart as well', () => {
  expect(
    httpMessage('SMTP smtps://mail.example.com:465\r\nTo: Ann <ann@example.com>\r\n\r\nDear Ann'),
  ).toEqual({
    start: 'SMTP smtps://mail.example.com:465',
    headers: [['To', 'Ann <ann@example.com>']],
    body: 'Dear Ann',
    cut: null,
  });
  expect(httpMessage('SMTP 250\r\n\r\n2.0.0 Ok')).toMatchObject({ start: 'SMTP 250', body: '2.0.0 Ok' });
});

it('bodies that are no JSON stay as they are, empty lines included', () => {
  expect(httpMessage('HTTP/1.1 200 OK\n\na=1\n\nb=2')!.body).toBe('a=1\n\nb=2');
  expect(httpMessage('HTTP/1.1 200 OK\n\n{broken')!.body).toBe('{broken');
});

it('what was cut says so, and what is no HTTP is shown whole', () => {
  expect(httpMessage({ bytes: 300_000, cut: 'HTTP/1.1 200 OK\r\n\r\nab', sha256: 'x' })).toMatchObject({
    start: 'HTTP/1.1 200 OK',
    body: 'ab',
    cut: 'cut; the whole had 300000 bytes',
  });
  expect(httpMessage('•••')).toEqual({ start: '', headers: [], body: '•••', cut: null });
  expect(httpMessage(null)).toBeNull();
});
