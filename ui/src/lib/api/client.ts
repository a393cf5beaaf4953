//! The one door to the API. Types come from its description, so a name that changes there fails the check.

import createClient from 'openapi-fetch';

import { problemOf, type Problem } from './problem';
import type { components, paths } from './schema';

export type Event = components['schemas']['Event'];
/** What an event changed of its lead, by path and on the clear values. */
export type ChangedPaths = components['schemas']['Changes'];
export type Lead = components['schemas']['LeadReply'];
export type Explained = components['schemas']['RecipientExplained'];
export type Entity = components['schemas']['EntityReply'];
export type Flow = components['schemas']['FlowReply'];
export type Session = components['schemas']['SessionReply'];
export type Snapshot = { [path: string]: unknown };

/** Sent with every request: without it the server takes nothing from a page but reading. */
export const OURS = { 'x-glassline': '1' };

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  headers: OURS,
  // Looked up at each call, so that it can be replaced.
  fetch: (request) => globalThis.fetch(request),
});

let onSignedOut: (problem: Problem) => void = () => {};

/** Calls `then` whenever the server no longer knows the session. */
export function whenSignedOut(then: (problem: Problem) => void): void {
  onSignedOut = then;
}

/** The data of an answer, or a thrown `Problem`. */
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw refused(response, error);
}

/** The problem of an answer that is not a good one; a lost session is told at once. */
export function refused(response: Response, body: unknown): Problem {
  const problem = problemOf(response, body);
  if (problem.kind === 'signed_out') onSignedOut(problem);
  return problem;
}
