using Microsoft.Extensions.Logging;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Core.Background;
using Strata.Resources.Background;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>Keeps a stream open to each other server that is up, and what it reports of its members in <see cref="PeerMembers"/>.</summary>
internal sealed partial class PeerMembersFollower : SupervisedService
{
    private static readonly Principal Self = new() { Tenant = TenantId.Platform, Actor = "system:compute", Grants = [] };

    private readonly PeerCalls calls;
    private readonly PeerClient client;
    private readonly PeerFollowing following;
    private readonly ILogger<PeerMembersFollower> log;

    public PeerMembersFollower(
        PeerCalls calls, PeerClient client, PeerFollowing following, Supervisor supervisor, ILogger<PeerMembersFollower> log)
        : base(supervisor, "peer-members")
    {
        (this.calls, this.client, this.following, this.log) = (calls, client, following, log);
        calls.Use(client);
    }

    protected override Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken) =>
        following.RunAsync(FollowAsync, stoppingToken);

    private async Task FollowAsync(PeerServer peer, CancellationToken cancellationToken)
    {
        var hasSkipped = false;
        var sent = await client.SendAsync(peer, "GET", PeerEndpoints.MembersPath, Self, null, [], cancellationToken);
        if (!sent.TryGet(out var answer, out _)) return;
        using (answer)
        {
            if (!answer.Response.IsSuccessStatusCode) return;
            var view = calls.Members.Add(peer);
            try
            {
                var from = await answer.Response.Content.ReadAsStreamAsync(cancellationToken);
                await foreach (var line in PeerLines.ReadAsync(from, MemberGroupsLine.BytesMax, Skipped, cancellationToken))
                {
                    if (MemberGroupsLine.TryRead(line, out var tenant, out var groups)) view.Set(tenant, groups);
                    else Skipped();
                }
            }
            finally
            {
                calls.Members.Remove(view);
            }
        }

        void Skipped()
        {
            if (!hasSkipped) LogSkipped(peer.Name); // once for a stream
            hasSkipped = true;
        }
    }
}
