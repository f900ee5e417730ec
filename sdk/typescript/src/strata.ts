import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { connection } from './context.js';
import { Entities } from './entities.js';
import { StrataError } from './errors.js';
import { feed, type FeedEvent, type FeedOptions } from './feed.js';
import { lines } from './lines.js';
import { Resources } from './resources.js';

export interface StrataOptions {
  /** Default: STRATA_URL, then the server of the local context (~/.strata/context.json), then http://127.0.0.1:8080. */
  url?: string;
  /** Default: STRATA_TOKEN, then the token of the local context, which is sent only to the context's own server. */
  token?: string;
  /** How long one request may take, in milliseconds. Default: 100,000. Streams may go on for ever. */
  timeout?: number;
  /** How often a request is sent again that the server could not serve just then. Default: 3. */
  retries?: number;
}

export interface RequestOptions {
  body?: unknown;
  contentType?: string;
  headers?: Record<string, string>;
  /** An array repeats its parameter. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  signal?: AbortSignal | undefined;
}

/** A UUID of version 7: ids that follow from the key are then ordered by time. */
function newKey(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** A cloud, by its HTTP API. Keep one for the life of the program. */
export class Strata {
  /** The transaction that a handler of a compute member works in, and the cloud that it is one of: requests to that cloud belong to it, wherever they are sent from. */
  static readonly transaction = new AsyncLocalStorage<{ origin: string; token: string } | undefined>();

  readonly url: URL;
  readonly token: string | undefined;
  readonly #timeout: number;
  readonly #retries: number;

  constructor(options: StrataOptions = {}) {
    ({ url: this.url, token: this.token } = connection(options.url, options.token));
    this.#timeout = options.timeout ?? 100_000;
    this.#retries = options.retries ?? 3;
  }

  /** The entities of a model. */
  entities<T extends object>(model: string, version = 1): Entities<T> {
    return new Entities<T>(this, model, version);
  }

  /** Every change of entities, in order and at least once. Resumes when the connection is lost. */
  feed(options: FeedOptions = {}): AsyncGenerator<FeedEvent> {
    return feed(this, options);
  }

  /** The cloud's resources of a kind, in the plural: "deployments". */
  resources(kind: string): Resources {
    return new Resources(this, kind);
  }

  /** Any request; the answer's JSON, undefined where it is empty. Sent again where the server asks for it and that is safe. */
  async request<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    // One key for all tries: sent again, a write takes effect once. What a transaction does has no outcome of its own to be kept.
    const key = method === 'GET' || this.#joined(path) ? undefined : newKey();
    for (let attempt = 1; ; attempt++) {
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(this.#timeout), ...(options.signal ? [options.signal] : [])]);
        const answer = await this.#send(method, path, { ...options, signal }, key);
        const text = await answer.text().catch((error: unknown) => { throw this.#broken(error); });
        return (text ? JSON.parse(text) : undefined) as T;
      } catch (error) {
        if (!(error instanceof StrataError) || !error.retryable || attempt > this.#retries || (!key && method !== 'GET')) throw error;
        await pause(100 * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  /** A request whose answer is lines of JSON, each as it comes. */
  async *stream<T>(method: string, path: string, options: RequestOptions = {}): AsyncGenerator<T> {
    const answer = await this.#send(method, path, options, undefined);
    if (answer.body) for await (const line of this.#lines(answer.body)) if (line) yield JSON.parse(line) as T;
  }

  /** A request whose answer is server-sent events. */
  async *events(path: string, options: RequestOptions = {}): AsyncGenerator<{ type: string; data: unknown }> {
    const answer = await this.#send('GET', path, { ...options, headers: { ...options.headers, accept: 'text/event-stream' } }, undefined);
    let type = 'message';
    if (!answer.body) return;
    for await (const line of this.#lines(answer.body)) {
      if (line.startsWith('event: ')) type = line.slice(7);
      else if (line.startsWith('data: ')) yield { type, data: JSON.parse(line.slice(6)) };
    }
  }

  async #send(method: string, path: string, options: RequestOptions, key: string | undefined): Promise<Response> {
    const target = new URL(path, this.url);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (Array.isArray(value)) for (const one of value) target.searchParams.append(name, one as string);
      else if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
    if (this.token) headers['authorization'] = `Bearer ${this.token}`;
    if (options.body !== undefined) headers['content-type'] = options.contentType ?? 'application/json';
    const joined = this.#joined(path);
    if (joined) headers['x-tx-token'] = joined;
    if (key) headers['idempotency-key'] = key;
    const answer = await this.#fetch(target, { method, headers, redirect: 'manual', ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }), ...(options.signal ? { signal: options.signal } : {}) });
    // The token must not travel to where an answer points.
    if (answer.type === 'opaqueredirect' || (answer.status >= 300 && answer.status < 400)) {
      await answer.body?.cancel();
      throw new StrataError('UNEXPECTED_ANSWER', `${this.url.origin} answers with a redirection, which is not followed.`, answer.status, false, 'Set STRATA_URL to the address of the cloud itself.');
    }
    if (!answer.ok) throw await StrataError.of(answer);
    return answer;
  }

  /** The token of the transaction that a request is to be a part of. */
  #joined(path: string): string | undefined {
    const transaction = Strata.transaction.getStore();
    return transaction?.origin === this.url.origin && path.startsWith('/api/entity') ? transaction.token : undefined;
  }

  /** Only what reading throws is translated, and not what the caller throws into the generator. */
  async *#lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
    const read = lines(body);
    const next = () => read.next().catch((error: unknown) => { throw this.#broken(error); });
    try {
      for (let line = await next(); !line.done; line = await next()) yield line.value;
    } finally {
      await read.return(undefined);
    }
  }

  async #fetch(target: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(target, init);
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error;
      if (isLate(error)) throw this.#late();
      throw new StrataError('SERVER_UNREACHABLE', `${this.url} cannot be reached: ${reasonOf(error)}`, 0, true, 'Start the cloud with "strata up", or set STRATA_URL.');
    }
  }

  /** What it means that an answer could not be read to its end. An abort by the caller stays what it is. */
  #broken(error: unknown): unknown {
    if (error instanceof Error && error.name === 'AbortError') return error;
    if (isLate(error)) return this.#late();
    return new StrataError('CONNECTION_LOST', `The connection to ${this.url} was lost: ${reasonOf(error)}`, 0, true, 'Try again; "strata status" shows whether the server runs.');
  }

  #late(): StrataError {
    return new StrataError('SERVER_TIMEOUT', `${this.url} did not answer in time.`, 0);
  }
}

function isLate(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
}
