using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>Tokens as those who open an organization's API.</summary>
internal sealed class TokenHolders(ResourceStore<TokenSpec, TokenStatus> tokens, RoleGrants roles, TimeProvider time) : IAccessHolders
{
    private const string Actor = "system:access";

    public string Kind => TokenKind.Kind.Name;

    public async IAsyncEnumerable<AccessHolder> AllAsync(
        TenantId organization, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, IReadOnlySet<string>?>(StringComparer.Ordinal);
        await foreach (var token in tokens.AllAsync(organization, null, cancellationToken))
            yield return await HolderAsync(organization, token, known, cancellationToken);
    }

    public async ValueTask<AccessHolder?> FindAsync(TenantId organization, string nameOrId, CancellationToken cancellationToken)
    {
        var found = await tokens.GetAsync(new Caller(organization, Actor), nameOrId, AsOf.Latest, cancellationToken);
        return found.IsOk ? await HolderAsync(organization, found.Value, new(StringComparer.Ordinal), cancellationToken) : null;
    }

    /// <param name="known">What roles grant that were read already.</param>
    private async ValueTask<AccessHolder> HolderAsync(
        TenantId organization, Resource<TokenSpec, TokenStatus> token, Dictionary<string, IReadOnlySet<string>?> known,
        CancellationToken cancellationToken)
    {
        var held = new List<HeldRole>();
        foreach (var name in token.Spec.Roles.Distinct(StringComparer.Ordinal))
        {
            if (!known.TryGetValue(name, out var granted))
                known[name] = granted = await roles.FindAsync(organization, name, cancellationToken);
            held.Add(new HeldRole(name, granted));
        }
        var all = held.SelectMany(r => r.Permissions ?? FrozenSet<string>.Empty).ToHashSet(StringComparer.Ordinal);
        var principal = TokenAuthenticator.PrincipalOf(organization, token, all);
        return new AccessHolder(Kind, token.Name, principal.Actor, held, token.Spec.ExpiresAt <= time.GetUtcNow() ? null : principal);
    }
}
