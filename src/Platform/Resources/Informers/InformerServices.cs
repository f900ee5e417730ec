using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>That a kind has an informer, with which indexes. One kind may be declared more than once: it has the indexes of all.</summary>
public sealed record InformerDeclaration(KindStore Store, IReadOnlyList<InformerIndex> Indexes);

/// <summary>Registers informers.</summary>
public static class InformerServices
{
    /// <summary>
    /// One informer for this kind and process, and <see cref="Informer{TSpec,TStatus}"/>. Needs <see cref="ResourceStore{TSpec,TStatus}"/>
    /// of the kind, the log, the clock and logging.
    /// </summary>
    public static IServiceCollection AddInformer<TSpec, TStatus>(this IServiceCollection services, params InformerIndex[] indexes)
    {
        services.AddSingleton(x => new InformerDeclaration(x.GetRequiredService<ResourceStore<TSpec, TStatus>>().Untyped, indexes));
        services.TryAddSingleton(x =>
        {
            var store = x.GetRequiredService<ResourceStore<TSpec, TStatus>>();
            return new Informer<TSpec, TStatus>(x.GetRequiredService<InformerHub>().Of(store.Kind), store);
        });
        return services.AddInformers();
    }

    /// <summary>One <see cref="InformerHub"/>. Needs the log, the clock and logging.</summary>
    public static IServiceCollection AddInformers(this IServiceCollection services)
    {
        if (services.Any(x => x.ServiceType == typeof(InformerHub))) return services;
        services.AddChangeFeed();
        return services.AddSupervised<InformerHub>();
    }
}
