-- For followers of the platform's own models, such as controllers: they are not charged for what users write, and users' writes do not pay for this index.
create index log_platform on strata.log (tenant, revision, ordinal) where model >= 'strata.' and model < 'strata/';

-- Small values beside the log: how far a worker has come.
create table strata.mark (
    tenant uuid  not null,
    name   text  collate "C" not null,
    value  jsonb not null,
    primary key (tenant, name)
) with (fillfactor = 50);
