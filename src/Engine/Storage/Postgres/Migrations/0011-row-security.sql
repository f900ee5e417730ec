-- Row-level security: a role that does not own the tables sees and writes the rows of the tenants that its transaction has named,
-- and no others. The role that the server's statements run under, and its rights, are made at each start (TenantRole.cs), because no
-- dump contains them.

-- The setting is read once for a statement; each row is only compared with it. "is true" keeps the comparison out of the conditions of
-- indexes, for which the statement's own condition on the tenant is the better one.
do $$
declare
    name text;
begin
    for name in
        select table_name from information_schema.columns where table_schema = 'strata' and column_name = 'tenant' order by table_name
    loop
        execute format('alter table strata.%I enable row level security', name);
        execute format('create policy tenants on strata.%I using (
            (tenant = any((select nullif(current_setting(''strata.tenants'', true), '''')::uuid[])::uuid[])) is true)', name);
    end loop;
end
$$;
