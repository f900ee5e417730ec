using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Nodes.Agent;

/// <summary>
/// This agent's hold of its node: a lease that heartbeats renew. A new agent takes the node over from the one before it, whose writes are refused from then on and who is told so by its
/// next heartbeat. While the API cannot be reached, what runs is looked after as before: instances must outlive the server, and nothing can be written anyway.
/// </summary>
internal sealed class NodeHold(StrataClient client, NodeAgentOptions options, TimeProvider time, ILogger logger)
{
    private const string InUse = "NODE_IN_USE";

    private readonly string session = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
    private long epoch;

    /// <summary>Returns when this agent holds the node: at first at once, later when the other one has gone.</summary>
    /// <param name="heard">Told of each heartbeat; null: it was taken.</param>
    public async Task TakeAsync(Action<Exception?> heard, CancellationToken cancellationToken)
    {
        while (await BeatAsync(heard, cancellationToken) is not true) await Task.Delay(options.Heartbeat, time, cancellationToken);
    }

    /// <summary>Renews the hold; returns when another agent has taken the node.</summary>
    public async Task KeepAsync(Action<Exception?> heard, CancellationToken cancellationToken)
    {
        do await Task.Delay(options.Heartbeat, time, cancellationToken);
        while (await BeatAsync(heard, cancellationToken) is not false);
    }

    /// <returns>Null where the API could not be asked.</returns>
    private async Task<bool?> BeatAsync(Action<Exception?> heard, CancellationToken cancellationToken)
    {
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/nodes/{options.Name}/heartbeat?session={session}&epoch={epoch}");
            using var answer = await client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            epoch = answer!.RootElement.GetProperty("epoch").GetInt64();
            client.Fence = string.Create(CultureInfo.InvariantCulture, $"node/{options.Name} {epoch}");
            heard(null);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            heard(e);
            if (e is StrataException { Error.Code: InUse }) return false;
            logger.Unreachable(e.Message);
            return null;
        }
    }
}
