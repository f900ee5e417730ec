using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;

namespace Strata.Nodes.Api;

/// <summary>Tokens of instances: one each, with its project's rights, in the organization's log like any other token. Safe for concurrent use.</summary>
public sealed class InstanceTokens(TokenIssuer issuer)
{
    /// <summary>Makes a new one and revokes the one before.</summary>
    /// <param name="caller">In the instance's organization.</param>
    public async Task<Result<string>> IssueAsync(Caller caller, Resource<InstanceSpec, InstanceStatus> instance, CancellationToken cancellationToken)
    {
        var token = new NewResource<TokenSpec>
        {
            Name = NameOf(instance.Id),
            Spec = new TokenSpec { Roles = [Roles.Application], Project = instance.Project, Actor = "instance:" + instance.Name },
        };
        var issued = await issuer.ReplaceAsync(caller, token, cancellationToken);
        return issued.Then<string>(made => made.Text);
    }

    public Task RevokeAsync(Caller caller, string instanceId, CancellationToken cancellationToken) => issuer.RevokeAsync(caller, NameOf(instanceId), cancellationToken);

    /// <summary>By the id, because names of instances may be used again.</summary>
    private static string NameOf(string instanceId) => "instance-" + instanceId[(instanceId.IndexOf('_', StringComparison.Ordinal) + 1)..];
}
