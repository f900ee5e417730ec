namespace Strata.Storage.Postgres;

/// <summary>
/// The statements of <see cref="PostgresTransfers"/>. In those that publish, $1 is the tenant and $2 where its log ended.
/// </summary>
/// <remarks>Those that stage and unstage run under a lease and answer whether it is held still; its name and epoch are their last
/// parameters. The share lock keeps the lease from being taken before they are committed.</remarks>
internal static class TransferSql
{
    public const string IsPlatforms = "model >= 'strata.' and model < 'strata/'";

    public const string Claims = $"""
        select encode(digest, 'hex'), entity, model, key, value from strata.claim
        where tenant = $1 and digest > decode($2, 'hex') and not ({IsPlatforms}) order by digest limit $3
        """;

    public const string Schedules = """
        select entity || '/' || lpad(revision::text, 19, '0') || '/' || lpad(ordinal::text, 6, '0'), entity, revision, transition, due_at, expires_at from strata.schedule
        where tenant = $1 and (entity, revision, ordinal) > ($2, $3, $4) order by entity, revision, ordinal limit $5
        """;

    public const string StageRevisions = """
        with held as materialized (select from strata.lease where name = $16 and epoch = $17 for share), done as (
        insert into strata.staged (tenant, revision, ordinal, entity, commit, created_at, changed_at, version, deleted, model, state, transition, changed_by, document, audit)
        select $1, r.* from unnest($2::bigint[], $3::int[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::int[], $9::boolean[], $10::text[], $11::text[], $12::text[],
                                   $13::text[], $14::jsonb[], $15::bytea[]) r
        where exists (select from held) on conflict do nothing)
        select exists (select from held)
        """;

    public const string StageClaims = """
        with held as materialized (select from strata.lease where name = $7 and epoch = $8 for share), done as (
        insert into strata.staged_claim (tenant, digest, entity, model, key, value)
        select $1, c.* from unnest($2::bytea[], $3::uuid[], $4::text[], $5::text[], $6::text[]) c where exists (select from held) on conflict do nothing)
        select exists (select from held)
        """;

    public const string StageSchedules = """
        with held as materialized (select from strata.lease where name = $8 and epoch = $9 for share), done as (
        insert into strata.staged_schedule (tenant, entity, revision, ordinal, due_at, expires_at, transition)
        select $1, s.* from unnest($2::uuid[], $3::bigint[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::text[]) s where exists (select from held) on conflict do nothing)
        select exists (select from held)
        """;

    /// <summary>Of what is staged beside the revisions.</summary>
    public static readonly IReadOnlyList<string> UnstageState = [Unstage("staged_claim"), Unstage("staged_schedule")];

    public static readonly string UnstageRevisions = Unstage("staged");

    public const string IsEmpty =
        $"select not exists (select from strata.head where tenant = $1 and (not ({IsPlatforms}) or model = 'strata.model'))";

    /// <summary>Null opens the tenant; a time never shortens how long it is closed. The lease is locked first, as by commits.</summary>
    public const string Close = """
        with held as materialized (select from strata.lease where name = $3 and epoch = $4 for share),
             closed as (update strata.log_head set closed_until = case when $2::timestamptz is not null then greatest(closed_until, $2) end where tenant = $1 and exists (select from held))
        select exists (select from held)
        """;

    public const string Expired = "select tenant from strata.log_head where closed_until < $1 and tenant > $2 order by tenant limit $3";

    /// <summary>Opens the tenant at the end of the transaction that publishes.</summary>
    public const string Open = "update strata.log_head set closed_until = null where tenant = $1";

    /// <summary>
    /// Sets the numbers aside in a transaction of its own: filling them must not hold up the tenant's row, on which groups of other
    /// tenants' commits would wait.
    /// </summary>
    public const string Reserve = """
        update strata.log_head
        set revision = revision + $2, at = greatest(at, (select max(changed_at) from strata.staged where tenant = $1)), imported = true
        where tenant = $1 and exists (select from strata.lease where name = $3 and epoch = $4) returning revision - $2
        """;

    public const string PublishLog = """
        insert into strata.log (tenant, entity, commit, revision, created_at, changed_at, ordinal, version, deleted, model, state, transition, changed_by, document, audit)
        select tenant, entity, commit, revision + $2, created_at, changed_at, ordinal, version, deleted, model, state, transition, changed_by, document, audit
        from strata.staged where tenant = $1
        """;

    public const string PublishHeads = """
        insert into strata.head (tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, transition, changed_by, document)
        select distinct on (entity) tenant, entity, commit, revision + $2, created_at, changed_at, version, deleted, model, state, transition, changed_by,
                                    case when deleted then null else document end
        from strata.staged where tenant = $1 order by entity, revision desc
        """;

    /// <summary>The last of the statements that publish.</summary>
    public const string ClearPublished = "delete from strata.staged where tenant = $1";

    public const string PublishClaims = """
        with gone as (delete from strata.staged_claim where tenant = $1 and $2 >= 0 returning *)
        insert into strata.claim (tenant, digest, entity, model, key, value) select tenant, digest, entity, model, key, value from gone
        """;

    public const string PublishSchedules = """
        with gone as (delete from strata.staged_schedule where tenant = $1 returning *)
        insert into strata.schedule (tenant, entity, revision, ordinal, due_at, expires_at, transition)
        select tenant, entity, revision + $2, ordinal, due_at, expires_at, transition from gone
        """;

    /// <summary>
    /// Deletes a piece of a table, and returns how many rows it was; -1 where the lease is gone. In pieces, because each locks the lease,
    /// which must be renewed meanwhile.
    /// </summary>
    private static string Unstage(string table) => $"""
        with held as materialized (select from strata.lease where name = $2 and epoch = $3 for share),
             gone as (delete from strata.{table} where ctid = any(array(
                 select ctid from strata.{table} where tenant = $1 and exists (select from held) limit 2000)) returning 1)
        select case when exists (select from held) then (select count(*) from gone) else -1 end
        """;
}
