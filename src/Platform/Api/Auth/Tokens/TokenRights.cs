using Strata.Api.Auth.Administrators;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>An owner's token is revoked by owners and operators alone, as owners themselves are.</summary>
internal sealed class TokenRights(ResourceStore<TokenSpec, TokenStatus> tokens) : IHeldRights
{
    private static readonly Error Owners = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This token is an owner's, and you are none.", "Ask an owner, or the operator of the cloud.");

    public Kind Kind => TokenKind.Kind;

    public ValueTask<Error?> RefuseAsync(Principal principal, EntityRevision resource, CancellationToken cancellationToken) =>
        ValueTask.FromResult(tokens.TryToResource(resource)?.Spec.Roles.Contains(Roles.Owner) == true
            && !principal.Covers([Principal.OwnPermission]) ? Owners : null);
}
