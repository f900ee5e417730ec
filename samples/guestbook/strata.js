'use strict';
// All that the guestbook asks of Strata: entries as entities with a life cycle. Every instance gets STRATA_URL and a token with its project's rights.

const MODEL = 'guestbook-entry';
const VERSION = 1;

const SAMPLE = { name: 'Ada', message: 'What a fine place.', at: '2026-01-01T12:00:00.000Z' };

// An entry waits until someone has looked at it; what was decided can be decided anew.
const WORKFLOW = {
  version: '1.0',
  name: 'moderation',
  desc: 'An entry is published or rejected by a moderator.',
  initialState: 'PENDING',
  active: true,
  states: {
    PENDING: { transitions: [{ name: 'publish', next: 'PUBLISHED', manual: true }, { name: 'reject', next: 'REJECTED', manual: true }] },
    PUBLISHED: { transitions: [{ name: 'reject', next: 'REJECTED', manual: true }] },
    REJECTED: { transitions: [{ name: 'publish', next: 'PUBLISHED', manual: true }] },
  },
};

const base = process.env.STRATA_URL;
const token = process.env.STRATA_TOKEN;

class StrataError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `Strata answered ${status}`);
    this.status = status;
  }
}

async function call(method, path, body) {
  const response = await fetch(new URL(path, base), {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new StrataError(response.status, parse(text));
  return text;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes sure that the model and its workflow are there. Safe to repeat, and for several instances at once. */
async function prepare() {
  if (!base || !token) throw new Error('STRATA_URL and STRATA_TOKEN are not set: run the guestbook with strata deploy');
  if (await isLocked()) return;
  const model = `${MODEL}/${VERSION}`;
  for (const step of [
    () => call('POST', `/api/model/import/JSON/SAMPLE_DATA/${model}`, SAMPLE),
    () => call('POST', `/api/model/${model}/workflow/import`, { workflows: [WORKFLOW], importMode: 'REPLACE' }),
    () => call('PUT', `/api/model/${model}/lock`),
  ]) {
    try {
      await step();
    } catch (error) {
      // Another instance was faster.
      if (!(error.status === 409 && (await isLocked()))) throw error;
    }
  }
}

async function isLocked() {
  try {
    return JSON.parse(await call('GET', `/api/model/export/SIMPLE_VIEW/${MODEL}/${VERSION}`)).currentState === 'LOCKED';
  } catch (error) {
    if (error.status === 404) return false;
    throw error;
  }
}

/** Signs the book; the entry is PENDING. */
async function sign(name, message) {
  await call('POST', `/api/entity/JSON/${MODEL}/${VERSION}`, { name, message, at: new Date().toISOString() });
}

/** The newest entries in a state. */
async function entries(state, limit = 100) {
  const condition = { type: 'lifecycle', field: 'state', operatorType: 'EQUALS', value: state };
  const lines = await call('POST', `/api/search/direct/${MODEL}/${VERSION}?limit=10000`, condition);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .map(({ data, meta }) => ({ ...data, id: meta.id, state: meta.state }))
    .sort((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, limit);
}

/** Takes the transition publish or reject. */
async function decide(id, transition) {
  const { data } = JSON.parse(await call('GET', `/api/entity/${id}`));
  await call('PUT', `/api/entity/JSON/${id}/${transition}`, data);
}

module.exports = { prepare, sign, entries, decide };
