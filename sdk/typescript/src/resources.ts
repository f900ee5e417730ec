import { StrataError } from './errors.js';
import type { Strata } from './strata.js';

export interface Resource {
  id: string;
  kind: string;
  name: string;
  org: string;
  project?: string;
  labels: Record<string, string>;
  state: string;
  revision: number;
  createdAt: string;
  updatedAt: string;
  updatedBy: string;
  deleted?: boolean;
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
}

/** What a list or watch is narrowed to: project, state, and fields such as "labels.tier". */
export interface ResourceFilter {
  /** Maximum number of resources in a list. Default: all. */
  limit?: number;
  [field: string]: string | number | undefined;
}

const pageMax = 1_000;

export type WatchEvent = { type: 'item'; resource: Resource } | { type: 'ready' };

/** The cloud's resources of one kind. */
export class Resources {
  readonly #path: string;

  constructor(private readonly strata: Strata, readonly kind: string) {
    this.#path = `/api/v1/${encodeURIComponent(kind)}`;
  }

  /** All, page by page as they are asked for. */
  list({ limit, ...filter }: ResourceFilter = {}): AsyncGenerator<Resource> {
    const most = Number(limit ?? Infinity);
    if (!(most >= 0)) throw new RangeError('limit must not be negative.');
    return this.#pages(filter, most);
  }

  async *#pages(filter: ResourceFilter, limit: number): AsyncGenerator<Resource> {
    let cursor: string | undefined;
    for (let left = limit; left > 0; ) {
      const query = { ...filter, limit: limit === Infinity ? undefined : Math.min(left, pageMax), cursor };
      const page: { items: Resource[]; nextCursor?: string } = await this.strata.request('GET', this.#path, { query });
      yield* page.items.slice(0, left);
      left -= page.items.length;
      if (!(cursor = page.nextCursor)) return;
    }
  }

  /** By name or id, here and below. */
  get(name: string): Promise<Resource> {
    return this.strata.request('GET', this.#one(name));
  }

  create(resource: { name: string; project?: string; labels?: Record<string, string>; spec: object }): Promise<Resource> {
    return this.strata.request('POST', this.#path, { body: resource });
  }

  /** Merges into spec and labels. */
  patch(name: string, changes: { spec?: object; labels?: Record<string, string | null> }): Promise<Resource> {
    return this.strata.request('PATCH', this.#one(name), { body: changes, contentType: 'application/merge-patch+json' });
  }

  transition(name: string, transition: string): Promise<Resource> {
    return this.strata.request('POST', `${this.#one(name)}/transitions/${encodeURIComponent(transition)}`);
  }

  delete(name: string): Promise<Resource> {
    return this.strata.request('DELETE', this.#one(name));
  }

  /** What there is, then "ready", then every change, until the signal. Throws when the watch ends: watch again, which begins with what there is then. */
  async *watch({ limit: _, ...filter }: ResourceFilter = {}, signal?: AbortSignal): AsyncGenerator<WatchEvent> {
    for await (const event of this.strata.events(this.#path, { query: { ...filter, watch: true }, signal })) {
      if (event.type === 'item') yield { type: 'item', resource: event.data as Resource };
      else if (event.type === 'ready') yield { type: 'ready' };
    }
    throw new StrataError('CONNECTION_LOST', `${this.strata.url} ended the watch.`, 0, true, 'Watch again: it begins with what there is then.');
  }

  #one(name: string): string {
    return `${this.#path}/${encodeURIComponent(name)}`;
  }
}
