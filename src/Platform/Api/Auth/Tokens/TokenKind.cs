using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>States of a token: always ACTIVE.</summary>
public static class TokenKind
{
    public const int ActorLengthMax = 128;

    public static readonly Kind<TokenSpec, TokenStatus> Kind = new()
    {
        Name = "token",
        Plural = Plurals.Tokens,
        IdPrefix = "tok",
        Scope = KindScope.Organization,
        Description = "A key to the API: a set of roles, for the whole organization or one project.",
        Workflow = KindWorkflow.Load(typeof(TokenKind), "token.workflow.json"),
        InitialStatus = new TokenStatus(),
        References = [new SpecReference("project", ProjectKind.Kind)],
        Readers = [],
        HiddenStatus = ["secretHash"],
        Validate = Check,
    };

    private static List<ValidationError> Check(TokenSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Roles.Count == 0) faults.Add(new ValidationError("roles", $"At least one is needed: {string.Join(", ", Roles.Names)}."));
        faults.AddRange(spec.Roles.Where(r => !Roles.Exists(r)).Take(1)
            .Select(_ => new ValidationError("roles", $"Roles are {string.Join(", ", Roles.Names)}.")));
        if (spec.Actor is { Length: 0 or > ActorLengthMax })
            faults.Add(new ValidationError("actor", $"It takes 1 to {ActorLengthMax} characters."));
        return faults;
    }
}
