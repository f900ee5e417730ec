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

    /// <returns>The member's answer, SERVER_BUSY and the like, or that the member was not asked.</returns>
    /// <exception cref="MemberLostException">The member, or its server, was lost before it answered.</exception>
    internal async ValueTask<PeerOutcome> AskAsync(PeerView to, MemberCall call, CancellationToken cancellationToken)
    {
        var tenant = call.Call.Entity.Tenant;
        var principal = new Principal { Tenant = tenant, Actor = "system:compute", Grants = [] };
        to.Gave(tenant);
        try
        {
            var sent = await SendAsync(to.Peer, principal, PeerCallText.Write(call), cancellationToken);
            if (!sent.TryGet(out var answer, out var error)) return Outcome(error);
            using (answer)
            {
                if (!(await answer.ReadAsync(BytesMax, cancellationToken)).TryGet(out var body, out error)) return Outcome(error);
                return PeerCallText.ReadAnswer(body) is { } read ? new PeerOutcome(read, null) : Outcome(PeerErrors.Unavailable);
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

    private static PeerOutcome Outcome(Error error) => error.Code switch
    {
        ComputationErrors.NoMemberCode => new PeerOutcome(null, null),
        PeerErrors.UnavailableCode when PeerErrors.WasNotSent(error) => new PeerOutcome(null, error),
        ComputeErrors.DisconnectedCode or PeerErrors.UnavailableCode => throw new MemberLostException(),
        _ => new PeerOutcome(error, null),
    };
}

/// <summary>What came of a call to another server.</summary>
/// <param name="Answer">Null: no member was asked, so another may be.</param>
/// <param name="NotSent">Why the other server did not take the call; null: it has no such member, or was called.</param>
internal readonly record struct PeerOutcome(Result<MemberAnswer>? Answer, Error? NotSent);
