-- Audit events are written with every revision and never looked into by SQL: as bytes they need no parsing on the way in.
alter table strata.log alter column audit type bytea using convert_to(audit::text, 'UTF8');
