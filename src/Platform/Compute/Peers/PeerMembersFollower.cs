using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Core.Background;
using Strata.Resources.Background;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>Keeps a stream open to each other server that is up, and what it tells of its members in <see cref="PeerMembers"/>.</summary>
internal sealed class PeerMembersFollower : SupervisedService
{
    private static readonly Principal Self = new() { Tenant = TenantId.Platform, Actor = "system:compute", Grants = [] };

    private readonly PeerCalls calls;
    private readonly PeerClient client;
    private readonly PeerFollowing following;

    public PeerMembersFollower(PeerCalls calls, PeerClient client, PeerFollowing following, Supervisor supervisor)
        : base(supervisor, "peer-members")
    {
        (this.calls, this.client, this.following) = (calls, client, following);
        calls.Use(client);
    }

    protected override Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken) =>
        following.RunAsync(FollowAsync, stoppingToken);

    private async Task FollowAsync(PeerServer peer, CancellationToken cancellationToken)
    {
        var sent = await client.SendAsync(peer, "GET", PeerEndpoints.MembersPath, Self, null, [], cancellationToken);
        if (!sent.TryGet(out var answer, out _)) return;
        using (answer)
        {
            if (!answer.Response.IsSuccessStatusCode) return;
            var view = calls.Members.Add(peer);
            try
            {
                using var lines = new StreamReader(await answer.Response.Content.ReadAsStreamAsync(cancellationToken));
                while (await lines.ReadLineAsync(cancellationToken) is { } line)
                {
                    if (JsonSerializer.Deserialize(line, WireJson.Of<MemberGroupsLine>()) is { } told && told.TryReadTenant(out var tenant))
                        view.Set(tenant, told.Groups);
                }
            }
            finally
            {
                calls.Members.Remove(view);
            }
        }
    }
}
