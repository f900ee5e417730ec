-- Row-level security: a role that does not own the tables sees and writes the rows of the tenants that its transaction has named,
-- and no others. The role that the server's statements run under, and its rights, are made at each start (TenantRole.cs), because no
-- dump contains them. So are policies that someone has taken away, and those of tables that later migrations add.

create function strata.tables_without_policy() returns setof text stable language sql as $$
    select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped
    where c.relnamespace = 'strata'::regnamespace and c.relkind = 'r'
    and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenants'))
    order by c.relname
$$;

-- The setting is read once for a statement; each row is only compared with it. "is true" keeps the comparison out of the conditions of
-- indexes, for which the statement's own condition on the tenant is the better one.
create function strata.add_policies() returns void language plpgsql as $$
declare
    name text;
begin
    for name in select * from strata.tables_without_policy() loop
        execute format('alter table strata.%I enable row level security', name);
        execute format('drop policy if exists tenants on strata.%I', name);
        execute format('create policy tenants on strata.%I using (
            (tenant = any((select nullif(current_setting(''strata.tenants'', true), '''')::uuid[])::uuid[])) is true)', name);
    end loop;
end
$$;

select strata.add_policies();
