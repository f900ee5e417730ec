using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;
using Strata.Core.Background;

namespace Strata.Agent.Hooks;

/// <summary>
/// Asks for a new token at each start, which revokes the one before, and renews it while the instance runs: a token of an instance expires by itself. The
/// token's text stays the same, so that the application keeps what it read from STRATA_TOKEN.
/// </summary>
internal sealed class TokenHook(StrataClient client, Supervisor supervisor, TimeProvider time, ILogger logger) : IInstanceHook
{
    /// <summary>A sixth of a token's life: several renewals may fail before it expires.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Renewal> renewing = new();

    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        using var answer = await client.SendAsync(HttpMethod.Post, PathOf(context, "token"), cancellationToken: cancellationToken);
        if (answer is null || !answer.RootElement.TryGetProperty("token", out var token) || token.ValueKind != JsonValueKind.String) return Unexpected;
        context.Token = token.GetString()!;
        return default(Done);
    }

    /// <summary>A token that an earlier life of the agent asked for is renewed at once: it may have expired meanwhile.</summary>
    public async Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (renewing.TryGetValue(context.Id, out var present))
        {
            if (!present.Term.IsCancellationRequested && !present.Work.Completion.IsCompleted) return;
            // One of an earlier term ends with it, perhaps only now: an agent that gets its node back goes on renewing.
            await present.Work.StopAsync(cancellationToken);
        }
        var path = PathOf(context, "token/renew");
        var first = context.Token.Length > 0 ? Period : TimeSpan.Zero;
        var started = supervisor.StartUntilDone("agent-token", async (work, stop) =>
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            await RenewAsync(work, context.Id, path, first, both.Token);
        });
        renewing[context.Id] = new Renewal(started, cancellationToken);
    }

    public Task StopAsync(InstanceContext context, CancellationToken cancellationToken) =>
        renewing.TryRemove(context.Id, out var renewal) ? renewal.Work.StopAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>Until the instance ends, or the agent's term does.</summary>
    private async Task RenewAsync(SupervisedWork work, string instance, string path, TimeSpan first, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(first, time, cancellationToken);
            while (true)
            {
                var renewed = await TryRenewAsync(work, instance, path, cancellationToken);
                await Task.Delay(renewed ? Period : RetryPause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> TryRenewAsync(SupervisedWork work, string instance, string path, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendBytesAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            work.Succeeded();
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            work.Failed(e);
            logger.TokenNotRenewed(instance, e.Message);
            return false;
        }
    }

    private static string PathOf(InstanceContext context, string what) =>
        $"/api/v1/instances/{Uri.EscapeDataString(context.Id)}/{what}?org={Uri.EscapeDataString(context.Org)}";

    /// <param name="Term">Cancelled when the agent loses its node.</param>
    private sealed record Renewal(SupervisedWork Work, CancellationToken Term);

    private static readonly Error Unexpected = new(ErrorKind.Internal, "UNEXPECTED_ANSWER", "The server sent no token for the instance.") { Retryable = true };
}
