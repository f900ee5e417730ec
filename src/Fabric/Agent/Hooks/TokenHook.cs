using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;
using Strata.Core.Background;

namespace Strata.Agent.Hooks;

/// <summary>
/// Requests a new token at each start, which revokes the previous one, and renews it while the instance runs: an instance's token expires
/// by itself. The token's text stays the same, so that the application keeps what it read from STRATA_TOKEN. A renewal that the API
/// refuses, because someone deleted the token or the instance, concerns that instance only: its log says so, and the agent's health does
/// not change.
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
        if (answer is null || !answer.RootElement.TryGetProperty("token", out var token) || token.ValueKind != JsonValueKind.String)
            return Unexpected;
        context.Token = token.GetString()!;
        return default(Done);
    }

    /// <summary>A token from before the agent's restart is renewed at once: it may have expired meanwhile.</summary>
    public async Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (renewing.TryGetValue(context.Id, out var present))
        {
            if (!present.Term.IsCancellationRequested && !present.Work.Completion.IsCompleted) return;
            // One of an earlier term ends with it, perhaps only now: an agent that gets its node back resumes renewing.
            await present.Work.StopAsync(cancellationToken);
        }
        var path = PathOf(context, "token/renew");
        var first = context.Token.Length > 0 ? Period : TimeSpan.Zero;
        var started = supervisor.StartUntilDone("agent-token", async (work, stop) =>
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            await RenewAsync(work, context, path, first, both.Token);
        });
        renewing[context.Id] = new Renewal(started, cancellationToken);
    }

    public Task StopAsync(InstanceContext context, CancellationToken cancellationToken) =>
        renewing.TryRemove(context.Id, out var renewal) ? renewal.Work.StopAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>Until the instance ends, or the agent's term does.</summary>
    private async Task RenewAsync(
        SupervisedWork work, InstanceContext context, string path, TimeSpan first, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(first, time, cancellationToken);
            for (Error? refused = null; ;)
            {
                var (next, pause) = await TryRenewAsync(work, context, path, cancellationToken);
                if (next is not null && next.Code != refused?.Code) await TellAsync(context, next, cancellationToken);
                refused = next;
                await Task.Delay(pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <returns>Why the API refused it, null where it did not, and when to ask again.</returns>
    private async Task<(Error? Refused, TimeSpan Pause)> TryRenewAsync(
        SupervisedWork work, InstanceContext context, string path, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendBytesAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
            work.Succeeded();
            return (null, Period);
        }
        catch (StrataException e) when (IsAboutTheInstance(e.Error))
        {
            work.Succeeded(); // the API answers: what it refuses is not a failure of this work, which all organizations see
            return e.Error.Retryable ? (null, RetryPause) : (e.Error, Period);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            work.Failed(e);
            logger.TokenNotRenewed(context.Id, e.Message);
            return (null, RetryPause);
        }
    }

    /// <summary>Whether it is an answer of the 400s, but for one that says that the agent's own token is not good.</summary>
    private static bool IsAboutTheInstance(Error error) => error.Kind is
        ErrorKind.Invalid or ErrorKind.Forbidden or ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.PreconditionFailed
            or ErrorKind.PreconditionRequired
        or ErrorKind.Gone or ErrorKind.TooLarge or ErrorKind.UnsupportedMedia or ErrorKind.Unprocessable or ErrorKind.TooMany;

    /// <summary>In the log of this program, and in that of the instance, where its organization looks.</summary>
    private async Task TellAsync(InstanceContext context, Error refused, CancellationToken cancellationToken)
    {
        logger.TokenNotRenewed(context.Id, refused.Message);
        if (refused.Kind != ErrorKind.NotFound) return; // such as an instance that is about to stop
        var text = $"strata: the token of this instance (STRATA_TOKEN) is not renewed: {refused.Code}. A restart of the instance gives it a new one.\n";
        try
        {
            await client.SendBytesAsync(
                HttpMethod.Post, PathOf(context, "logs"), Encoding.UTF8.GetBytes(text), "text/plain", cancellationToken: cancellationToken);
        }
        catch (StrataException e)
        {
            logger.TokenNotRenewed(context.Id, e.Message); // such as an instance that is gone, whose log is no longer read
        }
    }

    private static string PathOf(InstanceContext context, string what) =>
        $"/api/v1/instances/{Uri.EscapeDataString(context.Id)}/{what}?org={Uri.EscapeDataString(context.Org)}";

    /// <param name="Term">Cancelled when the agent loses its node.</param>
    private sealed record Renewal(SupervisedWork Work, CancellationToken Term);

    private static readonly Error Unexpected = new(
        ErrorKind.Internal, "UNEXPECTED_ANSWER", "The server sent no token for the instance.") { Retryable = true };
}
