using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>
/// A program that calls the API in its own name (a technical user): it trades its id and secret for access tokens. Kind <c>client</c>, organization scope. The secret is shown once; only a
/// hash is kept. Deleting it ends its tokens too.
/// </summary>
public sealed record ClientSpec
{
    /// <summary>Of the contract: ROLE_M2M, ROLE_ADMIN; at least one.</summary>
    public required IReadOnlyList<string> Roles { get; init; }
}

public sealed record ClientStatus
{
    /// <summary>SHA-256 of the secret, in hex; null while the client is being made, and then nothing matches.</summary>
    public string? SecretHash { get; init; }

    public DateTimeOffset? SecretMadeAt { get; init; }
}

/// <summary>States of a client: always ACTIVE.</summary>
public static class ClientKind
{
    public static readonly Kind<ClientSpec, ClientStatus> Kind = new()
    {
        Name = "client",
        Plural = "clients",
        IdPrefix = "cli",
        Scope = KindScope.Organization,
        Description = "A program that calls the API in its own name, by access tokens that it gets for its id and secret.",
        Workflow = KindWorkflow.Load(typeof(ClientKind), "client.workflow.json"),
        InitialStatus = new ClientStatus(),
        HiddenStatus = ["secretHash"],
        UserCreates = false,
        Validate = spec => spec.Roles.Count > 0 && spec.Roles.All(ContractRoles.OfClients.Contains) ? [] : [new("roles", $"They are one or more of {string.Join(", ", ContractRoles.OfClients)}.")],
        ValidateChange = (was, shall) => was.Roles.SequenceEqual(shall.Roles) ? [] : [new("roles", "A client's roles do not change: make another one.")],
    };
}
