namespace Strata.Entities.Log;

/// <summary>
/// What a store offers: one port for each concern. A server is given it in one line (<c>services.AddStorage</c>). Safe for concurrent use.
/// </summary>
public interface IStorage
{
    // The log, and what is done to a tenant's log as a whole.
    IEntityLog Log { get; }

    ITransfers Transfers { get; }

    IRetention Retention { get; }

    // Search.
    IEntitySearch Search { get; }

    ISearchIndexes SearchIndexes { get; }

    ISearchJobs SearchJobs { get; }

    // Coordination of servers.
    ILeases Leases { get; }

    IDurableValues DurableValues { get; }

    // Log lines.
    ILines Lines { get; }

    // Messages.
    IMessages Messages { get; }
}
