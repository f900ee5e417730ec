-- What is due of one tenant, so that each can be given its turn while one of them has a backlog.
create index schedule_tenant_due on strata.schedule (tenant, due_at);
