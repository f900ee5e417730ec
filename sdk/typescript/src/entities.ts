import type { Strata } from './strata.js';

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
  limit?: number;
  /** Keys in order, "-" before one that descends: "-total,createdAt". */
  sort?: string;
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

  /** Those that meet a condition, as they come. */
  search(condition: object = { type: 'group', operator: 'AND', conditions: [] }, options: SearchOptions = {}): AsyncGenerator<Entity<T>> {
    return this.strata.stream('POST', `/api/search/direct/${this.#path}`, { body: condition, query: { limit: options.limit, sort: options.sort, pointInTime: timeOf(options.at) } });
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
