using Npgsql;
using Strata.Core.Background;

namespace Strata.Storage.Postgres;

/// <summary>Where connections come from: a small pool for single queries, and single ones that a loop keeps for itself.</summary>
internal sealed class Connections : IAsyncDisposable
{
    // Every query of ours is made for an index. A plan that was made while the tables were empty would choose otherwise and stay.
    private const string Planner =
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off";

    // Searches are planned each on its own, with their constants: only so an index on a path is seen, and what a condition selects is
    // known. They may read the heads from end to end, which is the cheapest where a model is most of them. Joins are with the log alone,
    // one row each.
    private const string SearchPlanner = "-c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_custom_plan";

    private readonly NpgsqlDataSource single;
    private readonly NpgsqlDataSource owner;

    public Connections(PostgresOptions options)
    {
        var at = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        // Without the resetting of pooled connections, which would end the role: what a transaction sets ends with it, and nothing else is.
        var tenant = $"-c role={TenantRole.Of(at.Database ?? at.Username ?? Environment.UserName)} ";
        Queries = new QueryPool(
            () => Build(
                options, b =>
                    (b.MaxPoolSize, b.MaxAutoPrepare, b.AutoPrepareMinUsages, b.NoResetOnClose, b.Options) =
                    (options.PoolSizeMax, 48, 3, true, tenant + Planner)),
            () => Watch);
        Searches = new QueryPool(
            () => Build(
                options, b =>
                    (b.MaxPoolSize, b.NoResetOnClose, b.Options) = (options.SearchPoolSizeMax, true, tenant + SearchPlanner)),
            () => Watch);
        // Npgsql cancels what timed out over a new connection, so on a silent host the time to connect is waited for once more.
        single = Build(
            options, b =>
                (b.Pooling, b.Timeout, b.Options) =
                (false, options.SilenceSeconds, tenant + Planner + " -c plan_cache_mode=force_generic_plan"));
        owner = Build(options, b => (b.Pooling, b.Timeout, b.Options) = (false, options.SilenceSeconds, Planner));
    }

    /// <summary>Null until the store is open.</summary>
    public DatabaseWatch? Watch { get; private set; }

    public QueryPool Queries { get; }

    /// <summary>For searches, which may take long: a pool of their own.</summary>
    public QueryPool Searches { get; }

    /// <summary>A connection outside the pool, whose prepared statements are planned once.</summary>
    public async ValueTask<NpgsqlConnection> OpenSingleAsync(CancellationToken cancellationToken) =>
        await single.OpenConnectionAsync(cancellationToken);

    /// <summary>
    /// A connection of the user who owns the tables, whom no policy binds: for the schema, and for what only an owner may do.
    /// </summary>
    public async ValueTask<NpgsqlConnection> OpenOwnerAsync(CancellationToken cancellationToken) =>
        await owner.OpenConnectionAsync(cancellationToken);

    /// <summary>From now on what needs the database is refused while it is away.</summary>
    public DatabaseWatch StartWatch(PostgresOptions options, Supervisor supervisor, TimeProvider time)
    {
        Watch = new DatabaseWatch(OpenSingleAsync, options, supervisor, time);
        Watch.Changed += Renew;
        return Watch;
    }

    public async ValueTask DisposeAsync()
    {
        if (Watch is not null) await Watch.DisposeAsync();
        await Queries.DisposeAsync();
        await Searches.DisposeAsync();
        await single.DisposeAsync();
        await owner.DisposeAsync();
    }

    private void Renew(Exception? away)
    {
        if (away is null) return;
        Queries.Renew();
        Searches.Renew();
    }

    private static NpgsqlDataSource Build(PostgresOptions options, Action<NpgsqlConnectionStringBuilder> adjust)
    {
        var builder = new NpgsqlDataSourceBuilder(options.ConnectionString);
        builder.ConnectionStringBuilder.ApplicationName ??= "strata";
        builder.ConnectionStringBuilder.Timeout = 15;
        builder.ConnectionStringBuilder.CommandTimeout = 30;
        adjust(builder.ConnectionStringBuilder);
        return builder.Build();
    }
}
