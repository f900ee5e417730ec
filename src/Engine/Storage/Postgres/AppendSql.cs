namespace Strata.Storage.Postgres;

/// <summary>What a group needs beyond plain writes; each part costs something only where a commit of the group needs it.</summary>
[Flags]
internal enum AppendParts
{
    None = 0,
    Reads = 1,
    Claims = 2,
    Schedules = 4,
    Fences = 8,

    /// <summary>Looks for each commit's id in the log: a commit of the group already exists.</summary>
    Resent = 16,
}

/// <summary>
/// The statement that appends a group. It runs behind <see cref="Lock"/> in the same transaction: that locks the tenants in order, and this
/// one, having a newer snapshot, sees all that other servers committed until then.
/// <para>Steps: join the writes with their heads; refuse the commits that find something moved; number the accepted ones per tenant; keep
/// claims and schedules; insert log rows; insert or update heads; move the tenants' heads on and notify. <c>no</c> is a commit's place in
/// the group, <c>ordinal</c> a write's place in its commit. Answers: one row per accepted commit, one or more per refused one, with the
/// first outcome where the same commit was appended before.</para>
/// </summary>
internal static class AppendSql
{
    public const string Channel = "strata_log";

    public const string Lock =
        "select count(*) from (select 1 from strata.log_head where tenant = any($1) order by tenant for update) locked";

    /// <summary>Runs first where a commit has a fence: the lease cannot be taken until the group is committed.</summary>
    public const string LockLeases =
        "select count(*) from (select 1 from strata.lease where name = any($1) order by name for share) locked";

    /// <summary>A tenant's first commit needs the row that it locks.</summary>
    public const string AddTenants =
        "insert into strata.log_head (tenant, revision, at) select t, 0, 'epoch' from unnest($1::uuid[]) t order by t on conflict do nothing";

    /// <summary>Breached by a commit whose id the tenant has already, where its expectations would let it in.</summary>
    public const string CommitIndex = "log_commit";

    /// <summary>Which commits of a group are in the log.</summary>
    public const string FindCommits = """
        select c.no - 1, l.revision, l.changed_at from unnest($1::uuid[], $2::uuid[]) with ordinality as c (tenant, commit, no)
        join strata.log l on l.tenant = c.tenant and l.commit = c.commit and l.ordinal = 0
        """;

    public static string For(AppendParts parts)
    {
        var parameters = new Numbers();
        var writes = parameters.Take(14);
        var reads = parts.HasFlag(AppendParts.Reads) ? parameters.Take(5) : null;
        var claims = parts.HasFlag(AppendParts.Claims) ? parameters.Take(10) : null;
        var schedules = parts.HasFlag(AppendParts.Schedules) ? parameters.Take(10) : null;
        var fences = parts.HasFlag(AppendParts.Fences) ? parameters.Take(3) : null;
        return string.Concat(
            Join(writes), Refuse, RefuseClosed, parts.HasFlag(AppendParts.Resent) ? RefuseResent : "",
            reads is null ? "" : RefuseReads(reads),
            claims is null ? "" : RefuseClaims(claims), fences is null ? "" : RefuseFences(fences), Accept,
            claims is null ? "" : KeepClaims(claims), schedules is null ? "" : KeepSchedules(schedules), Write, Answer);
    }

    private static string Join(string[] p) => $"""
        with w as materialized (
            select w.*, h.revision as head_revision, coalesce(h.deleted, true) as is_new, h.created_at as head_created_at
            from unnest({p[0]}::uuid[], {p[1]}::int[], {p[2]}::int[], {p[3]}::uuid[], {p[4]}::uuid[], {p[5]}::bigint[], {p[6]}::text[], {p[7]}::text[],
                        {p[8]}::int[], {p[9]}::text[], {p[10]}::text[], {p[11]}::boolean[], {p[12]}::jsonb[], {p[13]}::bytea[])
                 as w (tenant, no, ordinal, entity, commit, expected, changed_by, model, version, state, transition, deleted, document, audit)
            left join strata.head h on h.tenant = w.tenant and h.entity = w.entity
        )
        """;

    // A commit sent again after its entity was deleted would look new; the log knows it. Here and below, "limit 1" keeps a look-up by index
    // what it is: without it a plan may read the whole log once and hash it.
    private const string Refuse = """
        , refused as materialized (
            select no, 1 as kind, ordinal as which from w
            where (case when is_new then 0 else head_revision end) <> expected
               or (is_new and head_revision is not null
                   and (select true from strata.log l where l.tenant = w.tenant and l.commit = w.commit and l.ordinal = 0 limit 1) is not null)
        """;

    // The first look is made once for a group and finds nothing, unless some import is under way.
    private static readonly string RefuseClosed = $"""

            union all
            select w.no, {AppendAnswers.Closed}, w.ordinal from w
            where (select true from strata.log_head where closed_until is not null limit 1)
              and (not ({TransferSql.IsPlatforms}) or model = 'strata.model')
              and (select true from strata.log_head l where l.tenant = w.tenant and l.closed_until > clock_timestamp() limit 1)
        """;

    private static string RefuseReads(string[] p) => $"""

            union all
            select r.no, 2, r.ordinal
            from unnest({p[0]}::uuid[], {p[1]}::int[], {p[2]}::int[], {p[3]}::uuid[], {p[4]}::bigint[]) as r (tenant, no, ordinal, entity, expected)
            left join strata.head h on h.tenant = r.tenant and h.entity = r.entity
            where (case when coalesce(h.deleted, true) then 0 else h.revision end) <> r.expected
        """;

    private const string RefuseResent = """

            union all
            select w.no, 1, 0 from w
            where w.ordinal = 0 and (select true from strata.log l where l.tenant = w.tenant and l.commit = w.commit and l.ordinal = 0 limit 1) is not null
        """;

    private static string RefuseFences(string[] p) => $"""

            union all
            select f.no, {AppendAnswers.FenceLost}, 0 from unnest({p[0]}::int[], {p[1]}::text[], {p[2]}::bigint[]) as f (no, name, epoch)
            where (select true from strata.lease l where l.name = f.name and l.epoch = f.epoch limit 1) is null
        """;

    private static string RefuseClaims(string[] p) => $"""

            union all
            select k.no, 3, k.n::int - 1
            from {Wanted(p)}
            join strata.claim c on c.tenant = k.tenant and c.digest = k.digest
            where c.entity <> k.entity and not exists (select from {Released(p)} where r.no = k.no and r.entity = c.entity)
        """;

    private const string Accept = """

        ), accepted as materialized (
            select w.*, l.revision + dense_rank() over (partition by w.tenant order by w.no) as revision, greatest(l.at, (select clock_timestamp())) as at
            from w join strata.log_head l on l.tenant = w.tenant
            where w.no not in (select no from refused)
        )
        """;

    private static string KeepClaims(string[] p) => $"""
        , claiming as materialized (
            select k.* from {Wanted(p)} where k.no not in (select no from refused)
        ), unclaimed as (
            delete from strata.claim c using {Released(p)}
            where r.no not in (select no from refused) and c.tenant = r.tenant and c.entity = r.entity
              and not exists (select from claiming k where k.tenant = c.tenant and k.digest = c.digest)
        ), claimed as (
            insert into strata.claim (tenant, digest, entity, model, key, value)
            select tenant, digest, entity, model, key, value from claiming
            on conflict (tenant, digest) do update set entity = excluded.entity where claim.entity <> excluded.entity
        )
        """;

    private static string Wanted(string[] p) =>
        $"unnest({p[3]}::uuid[], {p[4]}::int[], {p[5]}::uuid[], {p[6]}::bytea[], {p[7]}::text[], {p[8]}::text[], {p[9]}::text[]) "
        + "with ordinality as k (tenant, no, entity, digest, model, key, value, n)";

    private static string KeepSchedules(string[] p) => $"""
        , disarmed as (
            delete from strata.schedule s using {Released(p)}
            where r.no not in (select no from refused) and s.tenant = r.tenant and s.entity = r.entity
        ), numbers as materialized (
            select no, min(revision) as revision from accepted group by no
        ), armed as (
            insert into strata.schedule (tenant, entity, revision, ordinal, due_at, expires_at, transition)
            select s.tenant, s.entity, n.revision, s.ordinal, s.due_at, s.expires_at, s.transition
            from unnest({p[3]}::uuid[], {p[4]}::int[], {p[5]}::uuid[], {p[6]}::int[], {p[7]}::timestamptz[], {p[8]}::timestamptz[], {p[9]}::text[])
                 as s (tenant, no, entity, ordinal, due_at, expires_at, transition)
            join numbers n on n.no = s.no
        )
        """;

    /// <summary>The entities that release their claims, because they are deleted or state their claims again.</summary>
    private static string Released(string[] p) => $"unnest({p[0]}::uuid[], {p[1]}::int[], {p[2]}::uuid[]) as r (tenant, no, entity)";

    private const string Write = $"""
        , logged as (
            insert into strata.log (tenant, entity, commit, revision, created_at, changed_at, ordinal, version, deleted, model, state, transition, changed_by, document, audit)
            select tenant, entity, commit, revision, case when is_new then at else head_created_at end, at, ordinal, version, deleted, model, state, transition, changed_by,
                   document, audit
            from accepted
        ), created as (
            insert into strata.head (tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, transition, changed_by, document)
            select tenant, entity, commit, revision, at, at, version, deleted, model, state, transition, changed_by, case when deleted then null else document end
            from accepted where head_revision is null
        ), changed as (
            update strata.head h
            set commit = a.commit, revision = a.revision, created_at = case when a.is_new then a.at else a.head_created_at end, changed_at = a.at, version = a.version,
                deleted = a.deleted, model = a.model, state = a.state, transition = a.transition, changed_by = a.changed_by,
                document = case when a.deleted then null else a.document end
            from accepted a
            where a.head_revision is not null and h.tenant = a.tenant and h.entity = a.entity
        ), moved as (
            update strata.log_head l set revision = m.revision, at = m.at
            from (select tenant, max(revision) as revision, max(at) as at from accepted group by tenant) m
            where l.tenant = m.tenant
            returning pg_notify('{Channel}', l.tenant || ':' || l.revision)
        )
        """;

    private const string Answer = """

        select no, 0, 0, revision, at from accepted where ordinal = 0
        union all
        select r.no, r.kind, r.which, f.revision, f.changed_at
        from refused r
        cross join lateral (select w.tenant, w.commit from w where w.no = r.no and w.ordinal = 0 limit 1) c
        left join lateral (
            select l.revision, l.changed_at from strata.log l where l.tenant = c.tenant and l.commit = c.commit and l.ordinal = 0 limit 1
        ) f on true
        """;

    private sealed class Numbers
    {
        private int last;

        public string[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => $"${++last}")];
    }
}
