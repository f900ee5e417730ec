using Microsoft.Extensions.DependencyInjection;
using Strata.Resources.Background;

namespace Strata.Resources.Feed;

/// <summary>Registers the change feed.</summary>
public static class FeedServices
{
    /// <summary>One <see cref="ChangeFeed"/> for all who follow. Needs the log, the clock and logging.</summary>
    public static IServiceCollection AddChangeFeed(this IServiceCollection services)
    {
        if (services.Any(x => x.ServiceType == typeof(ChangeFeed))) return services;
        return services.AddSupervised<ChangeFeed>();
    }
}
