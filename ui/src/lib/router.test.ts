import { expect, it } from 'vitest';

import { pathOf, pathOfId, routeOf } from './router';

it('each address has its page', () => {
  const pages = [
    '/ui',
    '/ui/',
    '/ui/live',
    '/ui/leads',
    '/ui/leads/',
    '/ui/leads/lead_1',
    '/ui/events/evt_1',
  ];
  expect(pages.map((path) => [path, routeOf(path)])).toEqual([
    ['/ui', { page: 'home', id: '' }],
    ['/ui/', { page: 'home', id: '' }],
    ['/ui/live', { page: 'live', id: '' }],
    ['/ui/leads', { page: 'leads', id: '' }],
    ['/ui/leads/', { page: 'leads', id: '' }],
    ['/ui/leads/lead_1', { page: 'lead', id: 'lead_1' }],
    ['/ui/events/evt_1', { page: 'event', id: 'evt_1' }],
  ]);
});

it('what is no page is missing', () => {
  for (const path of ['/', '/uix', '/ui/nothing', '/ui/leads/lead_1/more', '/ui/events']) {
    expect(routeOf(path).page, path).toBe('missing');
  }
});

it('an address made from an id leads back to it', () => {
  for (const id of ['lead_018d0d882d57aa10f3e7715b', 'a/b?c#d', '100%']) {
    expect(routeOf(pathOf('lead', id))).toEqual({ page: 'lead', id });
  }
  expect(routeOf('/ui/leads/%E0%A4').id).toBe('%E0%A4');
});

it('a pasted id finds its page, and nothing else does', () => {
  expect(pathOfId('  lead_018D0d882d57aa10f3e7715b ')).toBe('/ui/leads/lead_018d0d882d57aa10f3e7715b');
  expect(pathOfId('evt_018d0d882e837c2e9a41d06f')).toBe('/ui/events/evt_018d0d882e837c2e9a41d06f');
  for (const text of ['', 'lead_1', 'joan@example.com', '018d0d882e837c2e9a41d06f']) {
    expect(pathOfId(text), text).toBeNull();
  }
});
