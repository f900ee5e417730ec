using System.Net.Http.Headers;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>
/// Gives calls to the members of other servers. The engine, which asks, is made before the services that carry the calls, so the host
/// connects the two; until then there are no others. Safe for concurrent use.
/// </summary>
public sealed class PeerCalls
{
    public const string Path = "/internal/v1/compute/calls";

    /// <summary>An answer's document and what goes around it.</summary>
    internal const int BytesMax = 24 << 20;

    private PeerClient? client;

    public PeerMembers Members { get; } = new();

    internal void Use(PeerClient carrier) => client = carrier;

    /// <returns>The member's answer, SERVER_BUSY and the like; null where that server has no such member (any more) or surely did not get
    /// the call.</returns>
    /// <exception cref="MemberLostException">The member, or its server, was lost before it answered.</exception>
    internal async ValueTask<Result<MemberAnswer>?> AskAsync(PeerView to, MemberCall call, CancellationToken cancellationToken)
    {
        var tenant = call.Call.Entity.Tenant;
        var principal = new Principal { Tenant = tenant, Actor = "system:compute", Grants = [] };
        to.Gave(tenant);
        try
        {
            var sent = await SendAsync(to.Peer, principal, PeerCallText.Write(call), cancellationToken);
            if (!sent.TryGet(out var answer, out var error)) return PeerErrors.WasNotSent(error) ? null : Outcome(error);
            using (answer)
            {
                if (!(await answer.ReadAsync(BytesMax, cancellationToken)).TryGet(out var body, out error)) return Outcome(error);
                return PeerCallText.ReadAnswer(body) ?? Outcome(PeerErrors.Unavailable);
            }
        }
        finally
        {
            to.Answered(tenant);
        }
    }

    private async ValueTask<Result<PeerAnswer>> SendAsync(
        PeerServer to, Principal principal, ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        if (!client!.TryReserve(principal.Tenant, text.Length).TryGet(out var room, out var busy)) return busy;
        using (room)
        {
            using var content = new ReadOnlyMemoryContent(text);
            content.Headers.ContentType = new MediaTypeHeaderValue(PeerCallText.MediaType);
            return await client.SendAsync(to, "POST", Path, principal, content, [], cancellationToken);
        }
    }

    private static Result<MemberAnswer>? Outcome(Error error) => error.Code switch
    {
        ComputationErrors.NoMemberCode => (Result<MemberAnswer>?)null,
        ComputeErrors.DisconnectedCode or PeerErrors.UnavailableCode => throw new MemberLostException(),
        _ => error,
    };
}
