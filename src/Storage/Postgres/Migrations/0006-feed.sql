-- For followers of the platform's own models, such as controllers: they are not charged for what users write, and users' writes do not pay for this index.
create index log_platform on strata.log (tenant, revision, ordinal) where model >= 'strata.' and model < 'strata/';
