using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Core.Background;

namespace Strata.Resources.Background;

/// <summary>Registers supervised services.</summary>
public static class SupervisedServices
{
    /// <summary>
    /// One <typeparamref name="TService"/>, run by the host under its <see cref="Supervisor"/>. Needs the clock and logging.
    /// </summary>
    public static IServiceCollection AddSupervised<TService>(this IServiceCollection services)
        where TService : SupervisedService
    {
        services.TryAddSingleton<Supervisor>();
        services.AddSingleton<TService>();
        return services.AddHostedService(x => x.GetRequiredService<TService>());
    }
}
