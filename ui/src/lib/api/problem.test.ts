import { expect, it } from 'vitest';

import { Problem, problemOf, toProblem } from './problem';

const answer = (status: number, headers = {}) => ({ status, headers: new Headers(headers) });

it('a refusal keeps the words, the code and the id of the request', () => {
  const body = { error: { code: 'invalid_parameter', message: 'no such type', request_id: 'req_1' } };
  const problem = problemOf(answer(400), body);
  expect(problem).toMatchObject({ kind: 'refused', code: 'invalid_parameter', requestId: 'req_1' });
  expect(problem.message).toBe('no such type');
});

it('a missing scope is named', () => {
  const body = { error: { code: 'forbidden', message: 'this key lacks the scope pii:read' } };
  expect(problemOf(answer(403), body).scope).toBe('pii:read');
});

it('an answer without words still says what it was', () => {
  const problem = problemOf(answer(502, { 'x-request-id': 'req_2' }), 'Bad gateway');
  expect(problem).toMatchObject({ kind: 'broken', status: 502, requestId: 'req_2' });
  expect(problem.message).toContain('502');
});

it('silence is being offline, and a problem stays the problem it is', () => {
  expect(toProblem(new TypeError('Failed to fetch')).kind).toBe('offline');
  const problem = new Problem('not_found', 'there is no such lead');
  expect(toProblem(problem)).toBe(problem);
});
