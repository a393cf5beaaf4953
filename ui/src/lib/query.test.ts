import { describe, expect, it } from 'vitest';

import { apiFilters, chipsOf, readQuery, withFilter, withoutFilter, writeQuery } from './query';

/** What a query string becomes when it is read and written again. */
const again = (search: string) => writeQuery(readQuery(search));

describe('links', () => {
  it('of equal views are equal, in whatever order they were clicked together', () => {
    const link =
      '?type=-recipient.delivered&type=recipient.*&outcome=error,failure&entity_id=buyer_a&event=evt_1';
    expect(again(link)).toBe(link);
    expect(
      again(
        '?event=evt_1&outcome=failure&outcome=error&entity_id=buyer_a&type=recipient.*,-recipient.delivered',
      ),
    ).toBe(link);
  });

  it('leave defaults, repeats and empty values out', () => {
    expect(again('?tab=summary&test=with&outcome=&type=,-&start=')).toBe('');
    expect(again('?outcome=error,error&tab=rules')).toBe('?outcome=error&tab=rules');
  });

  it('keep what these pages do not know', () => {
    expect(again('?zebra=1&outcome=error&apple=x%20y')).toBe('?outcome=error&apple=x%20y&zebra=1');
  });

  it('have dims and fields under the names of the API, sorted', () => {
    const link = '?outcome=error&dim.lead.state=-OK,TX&has.email=false&valid.phone_1=true&start=-24h';
    expect(again(link)).toBe(link);
    expect(
      again(
        '?valid.phone_1=true&has.email=false&start=-24h&dim.lead.state=TX&dim.lead.state=-OK&outcome=error',
      ),
    ).toBe(link);
    expect(again('?dim.=x&has.email=')).toBe('?dim.=x');
  });

  it('survive every character', () => {
    const odd = 'a&b=c#d%e+f g,"é';
    const query = {
      filters: { start: odd },
      event: odd,
      tab: '',
      others: [[odd, odd]] as [string, string][],
    };
    expect(readQuery(writeQuery(query))).toEqual(query);
  });
});

describe('filters', () => {
  const { filters } = readQuery('?outcome=failure&type=-filter.*&start=-24h&tab=raw&x=1');

  it('go to the API under its own names, without what only the page needs', () => {
    expect(apiFilters(filters)).toEqual({ type: ['-filter.*'], outcome: ['failure'], start: '-24h' });
  });

  it('are chips one by one; a relative start is no negation', () => {
    expect(chipsOf(filters)).toEqual([
      { name: 'type', value: 'filter.*', not: true },
      { name: 'outcome', value: 'failure', not: false },
      { name: 'start', value: '-24h', not: false },
    ]);
  });

  it('on dims are lists; those on fields have one answer', () => {
    const { filters: none } = readQuery('');
    const texas = withFilter(withFilter(none, 'dim.lead.state', 'TX'), 'dim.lead.state', '-OK');
    const both = withFilter(withFilter(texas, 'has.email', 'true'), 'has.email', 'false');
    expect(apiFilters(both)).toEqual({ 'dim.lead.state': ['-OK', 'TX'], 'has.email': ['false'] });
    expect(chipsOf(both)).toEqual([
      { name: 'dim.lead.state', value: 'OK', not: true },
      { name: 'dim.lead.state', value: 'TX', not: false },
      { name: 'has.email', value: 'false', not: false },
    ]);
    expect(apiFilters(withoutFilter(both, 'has.email', 'false'))).toEqual({
      'dim.lead.state': ['-OK', 'TX'],
    });
  });

  it('are added once and taken away one by one', () => {
    const more = withFilter(withFilter(filters, 'outcome', 'error'), 'outcome', 'error');
    expect(more.outcome).toEqual(['error', 'failure']);
    expect(withoutFilter(more, 'outcome', 'failure').outcome).toEqual(['error']);
    expect(withoutFilter(filters, 'outcome', 'failure')).toEqual({ type: ['-filter.*'], start: '-24h' });
    expect(withoutFilter(filters, 'start', '-24h').start).toBeUndefined();
  });
});
