using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Agent;

/// <summary>
/// This agent's hold of its node: a lease that heartbeats renew. A new agent takes the node over from the previous one, whose writes are
/// refused from then on and which learns so by its next heartbeat. While the API cannot be reached, what runs is looked after as before:
/// instances must outlive the server, and nothing can be written anyway. A node that was deleted cannot be held any more.
/// </summary>
internal sealed class NodeHold(StrataClient client, NodeAgentOptions options, TimeProvider time, ILogger logger)
{
    private const string InUse = "NODE_IN_USE";

    private readonly string session = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
    private long epoch;

    /// <summary>Whether the node that this agent registered does not exist any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Returns when this agent holds the node: the first time at once, later when the other agent is gone.</summary>
    /// <param name="onHeartbeat">Called after each heartbeat with its error; null: it was accepted.</param>
    /// <returns>False when the node is gone.</returns>
    public async Task<bool> TakeAsync(Action<Exception?> onHeartbeat, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await HeartbeatAsync(onHeartbeat, cancellationToken) == HeartbeatResult.Held) return true;
            if (IsGone) return false;
            await Task.Delay(options.Heartbeat, time, cancellationToken);
        }
    }

    /// <summary>Renews the hold; returns when another agent has taken the node, or it is gone.</summary>
    public async Task KeepAsync(Action<Exception?> onHeartbeat, CancellationToken cancellationToken)
    {
        do await Task.Delay(options.Heartbeat, time, cancellationToken);
        while (await HeartbeatAsync(onHeartbeat, cancellationToken) is HeartbeatResult.Held or HeartbeatResult.Unknown);
    }

    private async Task<HeartbeatResult> HeartbeatAsync(Action<Exception?> onHeartbeat, CancellationToken cancellationToken)
    {
        try
        {
            var path = string.Create(
                CultureInfo.InvariantCulture, $"/api/v1/nodes/{options.Name}/heartbeat?session={session}&epoch={epoch}");
            using var answer = await client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            epoch = answer!.RootElement.GetProperty("epoch").GetInt64();
            client.Fence = string.Create(CultureInfo.InvariantCulture, $"node/{options.Name} {epoch}");
            onHeartbeat(null);
            return HeartbeatResult.Held;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            onHeartbeat(e);
            if (e is StrataException { Error.Code: InUse }) return HeartbeatResult.Elsewhere;
            if (e is StrataException { Error.Kind: ErrorKind.NotFound or ErrorKind.Forbidden })
            {
                IsGone = true; // also where another node has its name by now: this agent's token is for the one that was deleted
                return HeartbeatResult.Gone;
            }
            logger.Unreachable(e.Message);
            return HeartbeatResult.Unknown;
        }
    }

    /// <summary>What a heartbeat shows about the hold.</summary>
    private enum HeartbeatResult
    {
        Held,
        Elsewhere,
        Gone,

        /// <summary>The API could not be asked.</summary>
        Unknown,
    }
}
