using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>States of a client: always ACTIVE.</summary>
public static class ClientKind
{
    public static readonly Kind<ClientSpec, ClientStatus> Kind = new()
    {
        Name = "client",
        Plural = Plurals.Clients,
        IdPrefix = "cli",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        Description = "A program that calls the API in its own name, by access tokens that it gets for its id and secret.",
        Workflow = KindWorkflow.Load(typeof(ClientKind), "client.workflow.json"),
        InitialStatus = new ClientStatus(),
        HiddenStatus = ["secretHash"],
        UserCreates = false,
        Validate = spec => spec.Roles.Count > 0 && spec.Roles.All(ContractRoles.OfClients.Contains)
            ? [] : [new("roles", $"They are one or more of {string.Join(", ", ContractRoles.OfClients)}.")],
        ValidateChange = (was, next) => was.Roles.SequenceEqual(next.Roles)
            ? [] : [new("roles", "A client's roles do not change: make another one.")],
    };
}
