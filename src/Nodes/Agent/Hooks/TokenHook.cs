using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Nodes.Agent.Hooks;

/// <summary>
/// Asks for a new token at each start, which revokes the one before, and renews it while the instance runs: a token of an instance expires by itself. The
/// token's text stays the same, so that the application keeps what it read from STRATA_TOKEN.
/// </summary>
internal sealed class TokenHook(StrataClient client, TimeProvider time, ILogger logger) : IInstanceHook
{
    /// <summary>A sixth of a token's life: several renewals may fail before it expires.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, CancellationTokenSource> renewing = new();

    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        using var answer = await client.SendAsync(HttpMethod.Post, PathOf(context, "token"), cancellationToken: cancellationToken);
        if (answer is null || !answer.RootElement.TryGetProperty("token", out var token) || token.ValueKind != JsonValueKind.String) return Unexpected;
        context.Token = token.GetString()!;
        return default(Done);
    }

    /// <summary>A token that an earlier life of the agent asked for is renewed at once: it may have expired meanwhile.</summary>
    public Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        // One of an earlier term has ended with it: an agent that gets its node back goes on renewing.
        if (renewing.TryGetValue(context.Id, out var present) && !present.IsCancellationRequested) return Task.CompletedTask;
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        renewing[context.Id] = stop;
        var first = context.Token.Length > 0 ? Period : TimeSpan.Zero;
        _ = Task.Run(() => RenewAsync(context.Id, PathOf(context, "token/renew"), first, stop.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (!renewing.TryRemove(context.Id, out var stop)) return;
        await stop.CancelAsync();
        stop.Dispose();
    }

    private async Task RenewAsync(string instance, string path, TimeSpan first, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(first, time, cancellationToken);
            while (true) await Task.Delay(await TryRenewAsync(instance, path, cancellationToken) ? Period : RetryPause, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The instance ends, or the agent does.
        }
    }

    private async Task<bool> TryRenewAsync(string instance, string path, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendBytesAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.TokenNotRenewed(instance, e.Message);
            return false;
        }
    }

    private static string PathOf(InstanceContext context, string what) =>
        $"/api/v1/instances/{Uri.EscapeDataString(context.Id)}/{what}?org={Uri.EscapeDataString(context.Org)}";

    private static readonly Error Unexpected = new(ErrorKind.Internal, "UNEXPECTED_ANSWER", "The server sent no token for the instance.") { Retryable = true };
}
