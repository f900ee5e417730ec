-- Until when the tenant takes no writes of users' data, because an import is under way; null: it takes them. Beside the revision, in the row that every commit locks.
alter table strata.log_head add column closed_until timestamptz;

-- Nearly always empty: one look says that no tenant is closed.
create index log_head_closed on strata.log_head (tenant) where closed_until is not null;
