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
        IsIssued = true,
        HiddenStatus = ["secretHash", "formerSecretHash", "formerExpiresAt"],
        Validate = Check,
    };

    private const int RolesMax = 20;
    private const int NetworksMax = 20;

    private static List<ValidationError> Check(TokenSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Roles.Count is 0 or > RolesMax)
            faults.Add(new ValidationError("roles", $"It takes 1 to {RolesMax}: {string.Join(", ", Roles.Names)}, or the organization's own."));
        if (spec.Roles.Any(r => !ResourceName.IsValid(r)))
            faults.Add(new ValidationError("roles", "Each is the name of a role: small letters, digits and dashes."));
        if (spec.AllowedAddresses is { } networks
            && (networks.Count is 0 or > NetworksMax || !networks.All(n => System.Net.IPNetwork.TryParse(n, out _))))
            faults.Add(new ValidationError("allowedAddresses",
                $"It takes 1 to {NetworksMax} networks, such as 10.1.0.0/16 or 203.0.113.7/32."));
        if (spec.Actor is { Length: 0 or > ActorLengthMax })
            faults.Add(new ValidationError("actor", $"It takes 1 to {ActorLengthMax} characters."));
        return faults;
    }
}
