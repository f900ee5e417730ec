-- Every 128th commit by its time. A time is found in a log by the samples around it and the few commits between them, at a hundredth of a whole index's cost.
create index log_time on strata.log (tenant, changed_at, revision) where ordinal = 0 and revision % 128 = 0;

-- Whether the log holds a history that was brought in: its times are older than those of commits before it.
alter table strata.log_head add column imported boolean not null default false;
