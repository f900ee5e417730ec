using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>A caller revokes the token that it uses only on purpose: the next call would be refused.</summary>
internal sealed class OwnTokenGuard : IDeletionGuard
{
    public Kind Kind => TokenKind.Kind;

    public string Guarded => "the token of this call";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) =>
        principal.Token == resource.Id && principal.Tenant == resource.Tenant
        ? (_, _) => new(ApiErrors.OwnToken(ResourceDocument.NameOf(resource)))
        : null;
}
