import { sortKeys } from './sorting.js';
import type { Strata } from './strata.js';

/** The most that the server returns at once, and what a search without a limit asks for first: its reader may soon have enough. */
const [pageMax, firstPage] = [10_000, 1_000];

export interface EntityMeta {
  id: string;
  modelKey: { name: string; version: number };
  state: string;
  creationDate: string;
  lastUpdateTime: string;
  /** The transaction that wrote it last; what ifMatch compares with. */
  transactionId: string;
  transitionForLatestSave?: string;
}

export interface Entity<T> {
  data: T;
  meta: EntityMeta;
}

export interface WriteOptions {
  /** Takes this transition of the workflow; without it the automatic ones are tried. */
  transition?: string;
  /** The transaction that must have written it last (412 ENTITY_MODIFIED). */
  ifMatch?: string;
}

export interface SearchOptions {
  /** Maximum number of results. Default: all. */
  limit?: number;
  /** Fields in order: "-amount,customer" or "amount:desc,customer:asc", or an array of such. Default: by id. */
  sort?: string | readonly string[];
  /** As of then. */
  at?: Date | string;
}

interface Written {
  transactionId: string;
  entityIds: string[];
}

/** The entities of one model. Inside a compute member's handler all but searches happen in the transaction that waits for it. */
export class Entities<T extends object> {
  constructor(private readonly strata: Strata, readonly model: string, readonly version: number) {}

  /** Creates one; its id. */
  async create(data: T): Promise<string> {
    return (await this.createAll([data]))[0]!;
  }

  /** Creates several, all in one transaction up to 1,000; their ids. */
  async createAll(data: T[]): Promise<string[]> {
    const written = await this.strata.request<Written[]>('POST', `/api/entity/JSON/${this.#path}`, { body: data, query: { transactionWindow: Math.min(Math.max(data.length, 1), 1000) } });
    return written.flatMap(w => w.entityIds);
  }

  /** One, now or as of then. */
  get(id: string, at?: Date | string): Promise<Entity<T>> {
    return this.strata.request('GET', `/api/entity/${encodeURIComponent(id)}`, { query: { pointInTime: timeOf(at) } });
  }

  /** Replaces its data. */
  update(id: string, data: T, options: WriteOptions = {}): Promise<void> {
    return this.#write('PUT', id, data, options);
  }

  /** Merges into its data (RFC 7396): null takes a member away. */
  patch(id: string, changes: object, options: WriteOptions = {}): Promise<void> {
    return this.#write('PATCH', id, changes, { ifMatch: '*', ...options });
  }

  /** Takes a transition and leaves the data as it is. */
  async transition(id: string, name: string): Promise<void> {
    await this.patch(id, {}, { transition: name });
  }

  async delete(id: string): Promise<void> {
    await this.strata.request('DELETE', `/api/entity/${encodeURIComponent(id)}`);
  }

  /**
   * Those that meet a condition, as they come; more than a page (10,000) are fetched as they are needed. Without `at` each page is of the moment at
   * which it is read.
   */
  search(condition: object = { type: 'group', operator: 'AND', conditions: [] }, options: SearchOptions = {}): AsyncGenerator<Entity<T>> {
    const limit = options.limit ?? Infinity;
    if (!(limit >= 0)) throw new RangeError('limit must not be negative.');
    return this.#pages(condition, limit, { sort: sortKeys(options.sort), pointInTime: timeOf(options.at) });
  }

  async *#pages(condition: object, limit: number, query: { sort: string[]; pointInTime: string | undefined }): AsyncGenerator<Entity<T>> {
    let after: string | undefined;
    for (let [left, page] = [limit, limit === Infinity ? firstPage : pageMax]; left > 0; page = pageMax) {
      const first = Math.min(left, page);
      let [count, last]: [number, EntityMeta | undefined] = [0, undefined];
      for await (const entity of this.strata.stream<Entity<T>>('POST', `/api/search/direct/${this.#path}`, { body: condition, query: { ...query, first, after } })) {
        [count, last] = [count + 1, entity.meta];
        yield entity;
      }
      if (!last || count < first) return;
      left -= count;
      after = `${last.id}.${last.transactionId}`;
    }
  }

  async #write(method: string, id: string, data: object, options: WriteOptions): Promise<void> {
    const path = `/api/entity/JSON/${encodeURIComponent(id)}${options.transition === undefined ? '' : `/${encodeURIComponent(options.transition)}`}`;
    await this.strata.request(method, path, {
      body: data, contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', headers: options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch },
    });
  }

  get #path(): string {
    return `${encodeURIComponent(this.model)}/${this.version}`;
  }
}

function timeOf(at: Date | string | undefined): string | undefined {
  return at instanceof Date ? at.toISOString() : at;
}
