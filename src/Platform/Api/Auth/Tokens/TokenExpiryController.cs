using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// Deletes tokens that expired <see cref="KeptFor"/> ago. Until then they are refused but shown, so that their owner sees why, and the
/// agent of a node that was away may still renew those of its instances.
/// </summary>
public sealed class TokenExpiryController(ResourceStore<TokenSpec, TokenStatus> tokens, TimeProvider time)
    : Controller<TokenSpec, TokenStatus>
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    public override string Name => "token-expiry";

    public override Kind<TokenSpec, TokenStatus> Kind => TokenKind.Kind;

    public override TimeSpan Period => TimeSpan.FromHours(1);

    /// <summary>Housekeeping leaves capacity to work that users wait for.</summary>
    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<TokenSpec, TokenStatus> resource, CancellationToken cancellationToken)
    {
        if (resource.Spec.ExpiresAt is not { } expiresAt || time.GetUtcNow() - expiresAt < KeptFor) return null;
        var caller = CallerIn(TenantId.TryParse(resource.Org, out var tenant) ? tenant : TenantId.Platform);
        var deleted = await tokens.DeleteAsync(caller, resource.Id, new Revision(resource.Revision), cancellationToken);
        // Renewed or deleted meanwhile: nothing to do.
        if (!deleted.IsOk && deleted.Error.Kind is not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound))
            throw deleted.Error.ToException();
        return null;
    }
}
