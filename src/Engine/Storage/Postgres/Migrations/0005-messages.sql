-- Messages: payloads of any size in pieces. A message's row comes last, so a message is there whole or not at all.
create table strata.message (
    tenant        uuid        not null,
    entity        uuid        not null,
    upload        uuid        not null,
    pieces        integer     not null,
    payload_bytes bigint      not null,
    transaction   uuid        not null,
    head          bytea       not null,
    fingerprint   text        collate "C",
    saved_at      timestamptz not null,
    primary key (tenant, entity)
);

create table strata.message_piece (
    tenant   uuid    not null,
    upload   uuid    not null,
    position integer not null,
    bytes    bytea   not null,
    primary key (tenant, upload, position)
);

-- Uploads that are not saved yet. Those that were cut off are found here, and their pieces removed.
create table strata.message_upload (
    tenant   uuid        not null,
    upload   uuid        not null,
    begun_at timestamptz not null,
    primary key (tenant, upload)
);
create index message_upload_begun on strata.message_upload (begun_at);

-- What requests with an Idempotency-Key have deleted.
create table strata.message_deletion (
    tenant      uuid        not null,
    request     uuid        not null,
    fingerprint text        collate "C" not null,
    entities    uuid[]      not null,
    deleted_at  timestamptz not null,
    primary key (tenant, request)
);
create index message_deletion_at on strata.message_deletion (deleted_at);
