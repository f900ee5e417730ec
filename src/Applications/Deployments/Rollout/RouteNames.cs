using System.Collections.Concurrent;
using System.Globalization;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Hosts;

namespace Strata.Deployments.Rollout;

/// <summary>
/// Hosts of default routes: <c>NAME.localhost</c> in the default organization, <c>NAME.ORG.localhost</c> in others. Safe for concurrent
/// use.
/// </summary>
public sealed class RouteNames(DeploymentStores stores, DeploymentOptions options)
{
    private readonly ConcurrentDictionary<string, string> organizations = new(StringComparer.Ordinal);

    /// <param name="org">Id of the organization of what has this name.</param>
    public async Task<string> HostAsync(string name, string org, CancellationToken cancellationToken)
    {
        return DefaultHosts.Of(name, await OrganizationAsync(org, cancellationToken));
    }

    /// <summary>The address of a host at this cloud's edge.</summary>
    public string Url(string host) => options.HttpPort == 80
        ? $"http://{host}" : string.Create(CultureInfo.InvariantCulture, $"http://{host}:{options.HttpPort}");

    private async Task<string> OrganizationAsync(string id, CancellationToken cancellationToken)
    {
        if (organizations.TryGetValue(id, out var known)) return known;
        var found = await stores.Organizations.GetAsync(
            new Caller(TenantId.Platform, RolloutController.Actor), id, AsOf.Latest, cancellationToken);
        if (found.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
        return organizations[id] = found.IsOk ? found.Value.Name : id;
    }
}
