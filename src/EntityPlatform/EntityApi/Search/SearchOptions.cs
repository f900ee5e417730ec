namespace Strata.EntityApi.Search;

/// <summary>The bounds of search.</summary>
public sealed record SearchOptions
{
    /// <summary>For one direct search; a request may set a lower one.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Searches that are answered at once and run in the database at a time; one organization runs at most three of four, further ones
    /// wait.
    /// </summary>
    public int SearchesAtOnce { get; init; } = 4;

    /// <summary>Of one asynchronous search, from the moment it begins to run.</summary>
    public TimeSpan JobTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an asynchronous search and its results are kept.</summary>
    public TimeSpan JobLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Entities that an asynchronous search may find.</summary>
    public long JobResultsMax { get; init; } = 1_000_000;

    /// <summary>Asynchronous searches that an organization may have at a time, ended ones that are kept included.</summary>
    public int JobsPerTenantMax { get; init; } = 100;

    /// <summary>Asynchronous searches that one server runs at once; one fewer of one organization.</summary>
    public int JobsAtOnce { get; init; } = 3;

    /// <summary>Asynchronous searches that one server holds, running ones included; at most half of them of one organization.</summary>
    public int JobsQueuedMax { get; init; } = 64;
}
