import type { Strata } from './strata.js';

export interface FeedOptions {
  /** A cursor of an earlier event; what follows comes behind it. Default: from the start. */
  from?: string | number;
  /** Only entities of this model. */
  model?: string;
  /** Stay for what comes. Default: end when all is told. */
  follow?: boolean;
  signal?: AbortSignal;
}

/** An event of the feed as the server tells it; "change" has the entity, and the members beside it say where to go on from. */
export interface FeedEvent {
  type: string;
  [member: string]: unknown;
}

export function feed(strata: Strata, options: FeedOptions): AsyncGenerator<FeedEvent> {
  return strata.stream('GET', '/api/entity/feed', { query: { from: options.from, model: options.model, follow: options.follow }, headers: { accept: 'application/x-ndjson' }, signal: options.signal });
}
