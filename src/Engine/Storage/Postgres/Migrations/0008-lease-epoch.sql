-- Fences: each new holder of a lease gets a number from one sequence, so no number comes back, also after a lease was given up and its row removed.
create sequence strata.lease_epoch;
alter table strata.lease add column epoch bigint not null default nextval('strata.lease_epoch');
