using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;

namespace Strata.Nodes.Api;

/// <summary>
/// Tokens of instances: one each, with its project's rights, in the organization's log like any other token. A token expires after
/// <see cref="Lifetime"/> unless the agent of the instance's node renews it: so it ends with its instance, whichever part was down when the
/// instance ended. Safe for concurrent use.
/// </summary>
public sealed class InstanceTokens(TokenIssuer issuer, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const string NamePrefix = "instance-";
    private const string ActorPrefix = "instance:";

    private static readonly Error NoToken = new(
        ErrorKind.NotFound, "NOT_FOUND", "The instance has no token to renew.",
        "POST …/token makes one; the instance must be started with it.");

    /// <summary>Makes a new one and revokes the one before.</summary>
    /// <param name="caller">In the instance's organization.</param>
    public async Task<Result<string>> IssueAsync(
        Caller caller, Resource<InstanceSpec, InstanceStatus> instance, CancellationToken cancellationToken)
    {
        var token = new NewResource<TokenSpec>
        {
            Name = NameOf(instance.Id),
            Spec = new TokenSpec
            {
                Roles = [Roles.Application], Project = instance.Project, Actor = ActorPrefix + instance.Name,
                ExpiresAt = time.GetUtcNow() + Lifetime,
            },
        };
        var issued = await issuer.ReplaceAsync(caller, token, cancellationToken);
        return issued.Then<string>(made => made.Text);
    }

    /// <summary>The same token is good for <see cref="Lifetime"/> from now, also one that had expired while the agent was away.</summary>
    public async Task<Result<DateTimeOffset>> RenewAsync(
        Caller caller, Resource<InstanceSpec, InstanceStatus> instance, CancellationToken cancellationToken)
    {
        var expiresAt = time.GetUtcNow() + Lifetime;
        var renewed = await issuer.ExtendAsync(caller, NameOf(instance.Id), expiresAt, cancellationToken);
        if (renewed.IsOk) return expiresAt;
        return renewed.Error.Kind == ErrorKind.NotFound ? NoToken : renewed.Error;
    }

    public Task RevokeAsync(Caller caller, string instanceId, CancellationToken cancellationToken) =>
        issuer.RevokeAsync(caller, NameOf(instanceId), cancellationToken);

    /// <summary>
    /// The id of the instance whose token it is; null: it is none's. No one but the platform's parts sets a token's actor, so that another
    /// token of such a name is none.
    /// </summary>
    public static string? InstanceOf(Resource<TokenSpec, TokenStatus> token) =>
        token.Name.StartsWith(NamePrefix, StringComparison.Ordinal) && token.Spec.Project is not null
            && token.Spec.Actor?.StartsWith(ActorPrefix, StringComparison.Ordinal) == true
                ? $"{NodeKinds.Instance.IdPrefix}_{token.Name[NamePrefix.Length..]}" : null;

    /// <summary>By the id, because names of instances may be used again.</summary>
    private static string NameOf(string instanceId) => NamePrefix + instanceId[(instanceId.IndexOf('_', StringComparison.Ordinal) + 1)..];
}
