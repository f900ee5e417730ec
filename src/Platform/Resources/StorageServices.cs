using Microsoft.Extensions.DependencyInjection;
using Strata.Entities.Log;

namespace Strata.Resources;

/// <summary>Registers a store.</summary>
public static class StorageServices
{
    /// <summary>Each of its ports, which the container does not dispose.</summary>
    /// <param name="log">In place of the store's own, for one that reads documents in their present version; null: the store's own.</param>
    public static IServiceCollection AddStorage(this IServiceCollection services, IStorage storage, IEntityLog? log = null) => services
        .AddSingleton(log ?? storage.Log).AddSingleton(storage.Transfers).AddSingleton(storage.Retention)
        .AddSingleton(storage.Search).AddSingleton(storage.SearchIndexes).AddSingleton(storage.SearchJobs)
        .AddSingleton(storage.Leases).AddSingleton(storage.DurableValues)
        .AddSingleton(storage.Lines).AddSingleton(storage.Messages);
}
