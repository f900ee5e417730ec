using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Secrets.Values;

/// <summary>
/// Destroys the values of secrets that are removed, then the secrets; and values that a write left behind when it was cut off.
/// </summary>
internal sealed class SecretController(ResourceStore<SecretSpec, SecretStatus> secrets, SecretValues values, TimeProvider time)
    : Controller<SecretSpec, SecretStatus>
{
    /// <summary>Longer than any write takes from its value to its commit.</summary>
    private static readonly TimeSpan UnfinishedFor = TimeSpan.FromHours(1);

    public override string Name => "secret-values";

    public override Kind<SecretSpec, SecretStatus> Kind => SecretKind.Kind;

    public override TimeSpan Period => TimeSpan.FromHours(6);

    public override async Task<TimeSpan?> ReconcileAsync(Resource<SecretSpec, SecretStatus> resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant)) return null;
        if (resource.State != SecretKind.Removing)
        {
            await values.SweepAsync(tenant, resource.Id, resource.Status.Versions, time.GetUtcNow() - UnfinishedFor, cancellationToken);
            return null;
        }
        await values.DestroyAllAsync(tenant, resource.Id, cancellationToken);
        var deleted = await secrets.DeleteAsync(CallerIn(tenant), resource.Id, null, cancellationToken);
        if (!deleted.IsOk && deleted.Error.Kind != ErrorKind.NotFound) throw deleted.Error.ToException();
        return null;
    }
}
