-- For followers of the platform's own models, such as controllers: they are not charged for what users write, and users' writes do not pay for this index.
create index log_platform on strata.log (tenant, revision, ordinal) where model >= 'strata.' and model < 'strata/';

-- Small values beside the log: how far a worker has come.
create table strata.mark (
    tenant uuid  not null,
    name   text  collate "C" not null,
    value  jsonb not null,
    primary key (tenant, name)
) with (fillfactor = 50);

-- History that is brought in from elsewhere, until it is published whole.
create table strata.staged (
    tenant     uuid        not null,
    revision   bigint      not null,
    ordinal    integer     not null,
    entity     uuid        not null,
    commit     uuid        not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    version    integer     not null,
    deleted    boolean     not null,
    model      text        collate "C" not null,
    state      text        collate "C" not null,
    transition text        collate "C",
    changed_by text        collate "C" not null,
    document   jsonb       not null,
    audit      bytea,
    primary key (tenant, revision, ordinal)
);

create table strata.staged_claim (
    tenant uuid  not null,
    digest bytea not null,
    entity uuid  not null,
    model  text  collate "C" not null,
    key    text  collate "C" not null,
    value  text  collate "C" not null,
    primary key (tenant, digest)
);

create table strata.staged_schedule (
    tenant     uuid        not null,
    entity     uuid        not null,
    revision   bigint      not null,
    ordinal    integer     not null,
    due_at     timestamptz not null,
    expires_at timestamptz,
    transition text        collate "C" not null,
    primary key (tenant, entity, revision, ordinal)
);
