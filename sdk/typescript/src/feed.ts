import { setTimeout as pause } from 'node:timers/promises';
import { StrataError } from './errors.js';
import type { Strata } from './strata.js';

export interface FeedOptions {
  /** A cursor of an earlier event; what follows comes behind it. Default: from the start. */
  from?: string | number;
  /** Only entities of this model. */
  model?: string;
  /** Stay for what comes. Default: end when all is told. */
  follow?: boolean;
  /** Milliseconds without an event until what failed last is thrown. Default: 300,000. */
  patience?: number;
  signal?: AbortSignal;
}

/** An event of the feed as the server tells it; "change" has the entity, and the members beside it say where to go on from. */
export interface FeedEvent {
  type: string;
  [member: string]: unknown;
}

/** In milliseconds. A feed brings a ping each 10 s; a connection that lasted for `steady` starts the back-off over. */
const wait = { silence: 35_000, pause: 200, pauseMax: 10_000, steady: 10_000 };

/**
 * Resumes behind the last position when the connection is lost or the server stops; throws at once what cannot be resumed. The first connection is
 * not retried: a wrong address or token is reported at once.
 */
export async function* feed(strata: Strata, options: FeedOptions): AsyncGenerator<FeedEvent> {
  let position: unknown = options.from;
  let heard: number | undefined;
  for (let attempt = 0; ; ) {
    const began = Date.now();
    let isWhole = false;
    let failure: StrataError;
    try {
      for await (const event of connection(strata, options, position as string | number | undefined)) {
        const isProgress = options.follow || heard === undefined || (event['position'] ?? position) !== position;
        [position, isWhole] = [event['position'] ?? position, event['end'] === true];
        yield event;
        // The time that the caller took does not count, nor a bounded feed that begins again and again and gets no further.
        if (isProgress) heard = Date.now();
      }
      if (!options.follow && isWhole) return; // a mere heartbeat may also come right before the server stops
      failure = new StrataError('CONNECTION_LOST', `${strata.url} ended the feed.`, 0, true, 'Go on from the position of the last event that you handled.');
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      failure = error;
    }
    if (heard === undefined || !mayResume(failure) || Date.now() - heard > (options.patience ?? 300_000)) throw failure;
    attempt = Date.now() - began > wait.steady ? 0 : attempt + 1;
    const delay = Math.min(wait.pause * 2 ** Math.min(attempt, 10), wait.pauseMax) * (0.5 + Math.random());
    await pause(delay, undefined, options.signal ? { signal: options.signal } : {});
  }
}

async function* connection(strata: Strata, options: FeedOptions, from: string | number | undefined): AsyncGenerator<FeedEvent> {
  const silent = new AbortController();
  let isReading = true; // the time that the caller takes does not count
  const timer = setTimeout(() => {
    if (isReading) silent.abort(new DOMException('Nothing came for too long.', 'TimeoutError'));
  }, wait.silence);
  const signal = AbortSignal.any([silent.signal, ...(options.signal ? [options.signal] : [])]);
  const query = { from, model: options.model, follow: options.follow };
  try {
    for await (const event of strata.stream<FeedEvent>('GET', '/api/entity/feed', { query, headers: { accept: 'application/x-ndjson' }, signal })) {
      isReading = false;
      yield event;
      isReading = true;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

function mayResume(error: StrataError): boolean {
  return error.retryable || error.code === 'SERVER_TIMEOUT' || [408, 500, 502, 503, 504].includes(error.status);
}
