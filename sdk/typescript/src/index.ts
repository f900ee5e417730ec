/** Strata: entities, search, feed, resources, and compute members. */
export { Strata, type StrataOptions } from './strata.js';
export { StrataError } from './errors.js';
export { Entities, type Entity, type EntityMeta, type SearchOptions, type WriteOptions } from './entities.js';
export { Resources, type Resource, type ResourceFilter, type WatchEvent } from './resources.js';
export { type FeedEvent, type FeedOptions } from './feed.js';
export { Member, type Call, type MemberOptions, type Schedule } from './member.js';
