using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// A key to the API. Kind <c>token</c>, organization scope. Its secret is shown once, when it is made; only a hash is kept. Deleting it revokes it.
/// </summary>
public sealed record TokenSpec
{
    /// <summary>See <see cref="Auth.Roles"/>; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Name or id of the only project it may see; null: the whole organization.</summary>
    public string? Project { get; init; }

    /// <summary>Id of the node that it is bound to; null: to none. Only the platform's own parts may set it.</summary>
    public string? Node { get; init; }

    /// <summary>Not accepted from then on; null: until it is revoked.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>In whose name it acts, for example <c>user:admin</c>; null: <c>token:NAME</c>. Only the platform's own parts may set it.</summary>
    public string? Actor { get; init; }
}

public sealed record TokenStatus
{
    /// <summary>SHA-256 of the secret, in hex; null while the token is being made.</summary>
    public string? SecretHash { get; init; }
}

/// <summary>States of a token: always ACTIVE.</summary>
public static class TokenKind
{
    public const int ActorLengthMax = 128;

    public static readonly Kind<TokenSpec, TokenStatus> Kind = new()
    {
        Name = "token",
        Plural = "tokens",
        IdPrefix = "tok",
        Scope = KindScope.Organization,
        Description = "A key to the API: a set of roles, for the whole organization or one project.",
        Workflow = KindWorkflow.Load(typeof(TokenKind), "token.workflow.json"),
        InitialStatus = new TokenStatus(),
        References = [new SpecReference("project", ProjectKind.Kind)],
        HiddenStatus = ["secretHash"],
        Validate = Check,
    };

    private static List<SpecFault> Check(TokenSpec spec)
    {
        var faults = new List<SpecFault>();
        if (spec.Roles.Count == 0) faults.Add(new SpecFault("roles", $"At least one is needed: {string.Join(", ", Roles.Names)}."));
        faults.AddRange(spec.Roles.Where(r => !Roles.Exists(r)).Take(1).Select(_ => new SpecFault("roles", $"Roles are {string.Join(", ", Roles.Names)}.")));
        if (spec.Actor is { Length: 0 or > ActorLengthMax }) faults.Add(new SpecFault("actor", $"It takes 1 to {ActorLengthMax} characters."));
        return faults;
    }
}
