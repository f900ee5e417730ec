using Microsoft.Extensions.Logging;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Server.Bootstrap;

/// <summary>
/// Claims the hosts that routes and tunnels had before hosts were claimed. Safe to repeat: what is claimed is passed over.
/// </summary>
internal sealed partial class HostAdoption(HostClaims claims, ILogger<HostAdoption> logger)
{
    public Task RunAsync(IReadOnlyCollection<Kind> kinds, CancellationToken cancellationToken) =>
        claims.AdoptAsync(
            kinds, (kind, resource, host) => LogConflict(logger, host, kind.Name, kind.IdOf(resource.Id), resource.Tenant.ToString()),
            cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The host {Host} belongs to another project than that of the {Kind} {Id} of {Org}, "
        + "which is deleted so that it is not served; its history stays. Create it again with another host")]
    private static partial void LogConflict(ILogger logger, string host, string kind, string id, string org);
}
