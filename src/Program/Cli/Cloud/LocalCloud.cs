using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>Whether a server works in a data folder of this machine.</summary>
internal enum CloudPresence
{
    None,

    /// <summary>It has ended without being asked to, and its watchdog starts it again.</summary>
    Restarting,

    /// <summary>There is one; it may still be starting.</summary>
    Running,
}

/// <summary>
/// The one place that decides what to say where the cloud of this machine does not answer: each command shows the same reason and next
/// step.
/// </summary>
internal static class LocalCloud
{
    public static CloudPresence Find(HomeLayout home) =>
        HomeLock.IsHeld(home) ? CloudPresence.Running : Watchdog.Watches(home) ? CloudPresence.Restarting : CloudPresence.None;

    /// <summary>False where an option, STRATA_URL or the current context names a cloud, which may be on another machine.</summary>
    public static bool IsMeant(Run run)
    {
        if (run.Parse.GetValue(GlobalOptions.Server) is not null) return false;
        var contexts = Contexts.TryRead(run.Home);
        if (run.Settled is { } settled && (settled.Source == TokenSource.Entered || contexts?.All.Contains(settled) == true))
            return contexts?.IsLocal(settled) == true;
        if (run.Parse.GetValue(GlobalOptions.Context) is { } named)
            return contexts?.Find(named) is { } found ? contexts.IsLocal(found) : named == CliContext.LocalName;
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("STRATA_URL"))) return false;
        return contexts?.Current is not { } current || contexts.IsLocal(current);
    }

    /// <summary>What there is to say of the cloud of this machine where no server answers, and what to do.</summary>
    public static CloudNews News(HomeLayout home, TimeProvider time)
    {
        var presence = Find(home);
        var last = presence == CloudPresence.None ? LastServer.Find(home) : null;
        return presence switch
        {
            CloudPresence.Restarting => new(
                presence, $"The server in {home.Root} has ended without being asked to and is being started again.",
                "Try again in a moment; strata status shows when it is back."),
            CloudPresence.Running => new(
                presence, $"The server in {home.Root} is starting, or its API does not answer.",
                "Try again in a moment; strata status shows how it is."),
            _ when last is { End: not LastEnd.Asked } => new(
                presence, last.Sentence(home, TimeText.Ago(last.SeenAt, time.GetUtcNow())),
                $"Start it again with: {KeptSettings.StartCommand(home, detached: true)}", last),
            _ => new(
                presence, $"No cloud runs in {home.Root}.", $"Start it with: {KeptSettings.StartCommand(home, detached: false)}", last),
        };
    }

    /// <summary>The error of a server that does not answer, or has gone, with what is known on this machine; any other as it is.</summary>
    public static Error Explain(Run run, Error error)
    {
        if (error.Code is not (ClientErrors.ServerUnreachable or ClientErrors.ConnectionLost)) return TokenAdvice.Explain(run, error);
        if (!IsMeant(run))
        {
            // "strata up" would start another cloud than the context's.
            var isContexts = run.Parse.GetValue(GlobalOptions.Server) is null && run.Context.Name.Length > 0;
            return isContexts && error.Code == ClientErrors.ServerUnreachable
                ? error with { NextStep = "Check the address, the network, and whether that cloud runs." } : error;
        }
        var news = News(new HomeLayout(run.Home), run.Terminal.Time);
        if (error.Code == ClientErrors.ConnectionLost && news.Presence == CloudPresence.Running) return error;
        // What was cut off may have a next step of its own; what the client says of any connection would repeat the other.
        var next = error is { Code: ClientErrors.ConnectionLost, NextStep: { } own and not ClientErrors.LostNextStep }
            ? $"{news.NextStep.TrimEnd('.')}. {own}" : news.NextStep;
        return error with { Message = $"{error.Message} {news.Sentence}", NextStep = next };
    }
}

/// <summary>What is known of a cloud of this machine that does not answer.</summary>
/// <param name="Last">Its last server, where none runs and one is remembered.</param>
internal sealed record CloudNews(CloudPresence Presence, string Sentence, string NextStep, LastServer? Last = null)
{
    /// <summary>Whether its last server ended without being asked to.</summary>
    public bool Died => Last is { End: not LastEnd.Asked };
}
