-- The log, its heads, and what stands beside them. Every table leads with the tenant and nothing spans tenants, so that
-- tenants can be spread over several clusters.

-- How far each tenant's log reaches. Its row is the lock under which a tenant's commits are ordered.
create table strata.log_head (
    tenant   uuid        not null primary key,
    revision bigint      not null,
    at       timestamptz not null
) with (fillfactor = 50);

-- Every revision of every entity. Rows are inserted and never changed.
create table strata.log (
    tenant     uuid        not null,
    entity     uuid        not null,
    commit     uuid        not null,
    revision   bigint      not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    ordinal    integer     not null, -- place within its commit, from 0
    version    integer     not null,
    deleted    boolean     not null,
    model      text        collate "C" not null,
    state      text        collate "C" not null,
    transition text        collate "C",
    changed_by text        collate "C" not null,
    document   jsonb       not null,
    audit      jsonb,
    primary key (tenant, entity, revision)
);

-- For followers, and the guard of the gap-free order.
create unique index log_order on strata.log (tenant, revision, ordinal);

-- Finds the outcome of a commit, and keeps one from being written twice.
create unique index log_commit on strata.log (tenant, commit) where ordinal = 0;

-- The newest revision of each entity. A deleted one stays as a row without a document: its revision tells a
-- commit that is sent again from a new one, and reads of the past find it by its model.
create table strata.head (
    tenant     uuid        not null,
    entity     uuid        not null,
    commit     uuid        not null,
    revision   bigint      not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    version    integer     not null,
    deleted    boolean     not null,
    model      text        collate "C" not null,
    state      text        collate "C" not null,
    transition text        collate "C",
    changed_by text        collate "C" not null,
    document   jsonb,
    primary key (tenant, entity)
);

-- Scans. The model leads because the platform also scans a model over every tenant.
create index head_living on strata.head (model, tenant, entity) where not deleted;
create index head_deleted on strata.head (model, tenant, entity) where deleted;

-- Who holds a unique key's value. The digest is SHA-256 of model, key and value, so that long values index as short ones do.
create table strata.claim (
    tenant uuid  not null,
    digest bytea not null,
    entity uuid  not null,
    model  text  collate "C" not null,
    key    text  collate "C" not null,
    value  text  collate "C" not null,
    primary key (tenant, digest)
);
create index claim_entity on strata.claim (tenant, entity);

-- Scheduled transitions that are armed, each under the revision that armed it.
create table strata.schedule (
    tenant     uuid        not null,
    entity     uuid        not null,
    revision   bigint      not null,
    ordinal    integer     not null,
    due_at     timestamptz not null,
    expires_at timestamptz,
    transition text        collate "C" not null,
    primary key (tenant, entity, revision, ordinal)
);
create index schedule_due on strata.schedule (due_at);

create table strata.lease (
    name       text        collate "C" not null primary key,
    holder     text        collate "C" not null,
    held_until timestamptz not null
) with (fillfactor = 50);

-- Log lines of builds and instances. starts_at counts the stream's bytes before a chunk, so what is past the bound is a range.
create table strata.line_stream (
    tenant uuid   not null,
    stream uuid   not null,
    last   bigint not null,
    bytes  bigint not null,
    primary key (tenant, stream)
) with (fillfactor = 50);

create table strata.line (
    tenant    uuid        not null,
    stream    uuid        not null,
    position  bigint      not null,
    starts_at bigint      not null,
    at        timestamptz not null,
    lines     bytea       not null,
    primary key (tenant, stream, position)
);
create index line_start on strata.line (tenant, stream, starts_at);
