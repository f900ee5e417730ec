using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Administrators;

/// <summary>Tokens of the whole organization with a role that administers it, or the cloud, until they expire.</summary>
internal sealed class TokenAdministrators(ResourceStore<TokenSpec, TokenStatus> tokens, TimeProvider time) : IAdministratorSource
{
    public Kind Kind => TokenKind.Kind;

    public Condition? Where { get; } = new Condition.Any([RoleHolders.Of(Roles.Admin), RoleHolders.Of(Roles.Owner)]);

    /// <summary>Narrows a search to tokens of operators.</summary>
    public static Condition OfOperators { get; } = RoleHolders.Of(Roles.Operator);

    public bool Admits(EntityRevision revision) => Has(revision, Roles.Admin) || Has(revision, Roles.Owner);

    public bool IsOperator(EntityRevision revision) => Has(revision, Roles.Operator);

    private bool Has(EntityRevision revision, string role)
    {
        if (revision.Model != TokenKind.Kind.Model) return false;
        return tokens.TryToResource(revision)?.Spec is { } spec
            && spec.Project is null && spec.Roles.Contains(role) && !(spec.ExpiresAt <= time.GetUtcNow());
    }
}
