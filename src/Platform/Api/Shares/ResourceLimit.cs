using System.Globalization;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Shares;

/// <summary>
/// How many resources of one kind an organization may have. Each costs memory in every server and edge, so without a bound one organization
/// could take it all. The platform's own log is exempt. Creations at the same moment may exceed the bound by their number.
/// </summary>
public sealed class ResourceLimit(IEntityLog log, ApiLimits limits)
{
    /// <returns>RESOURCE_LIMIT, or null where there is room.</returns>
    public async ValueTask<Error?> CheckAsync(Kind kind, TenantId tenant, CancellationToken cancellationToken)
    {
        if (tenant == TenantId.Platform) return null;
        var states = await log.CountAsync(tenant, kind.Model, AsOf.Latest, cancellationToken);
        return states.Sum(state => state.Count) < limits.ResourcesPerKindMax ? null : Full(kind, limits.ResourcesPerKindMax);
    }

    private static Error Full(Kind kind, int max) => new(
        ErrorKind.Unprocessable, "RESOURCE_LIMIT",
        string.Create(CultureInfo.InvariantCulture, $"The organization has {max} {kind.Plural}, which is the most."),
        "Delete some that are not used; an operator can raise resources-per-kind-max.");
}
