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

/// <summary>The one place that decides what to say where the cloud of this machine does not answer: each command shows the same reason and next step.</summary>
internal static class LocalCloud
{
    public static CloudPresence Find(HomeLayout home) =>
        HomeLock.IsHeld(home) ? CloudPresence.Running : Watchdog.Watches(home) ? CloudPresence.Restarting : CloudPresence.None;

    /// <summary>False where STRATA_URL or <c>--server</c> names a cloud, which may be on another machine.</summary>
    public static bool IsMeant(Run run) => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("STRATA_URL")) && run.Parse.GetValue(GlobalOptions.Server) is null;

    public static string Sentence(CloudPresence presence, string home) => presence switch
    {
        CloudPresence.None => $"No cloud runs in {home}.",
        CloudPresence.Restarting => $"The server in {home} has ended without being asked to and is being started again.",
        _ => $"The server in {home} is starting, or its API does not answer.",
    };

    public static string NextStep(CloudPresence presence) => presence switch
    {
        CloudPresence.None => "Start it with: strata up",
        CloudPresence.Restarting => "Try again in a moment; strata status shows when it is back.",
        _ => "Try again in a moment; strata status shows how it is.",
    };

    /// <summary>The error of a server that does not answer, or has gone, with what is known on this machine; any other as it is.</summary>
    public static Error Explain(Run run, Error error)
    {
        if (error.Code is not (ClientErrors.ServerUnreachable or ClientErrors.ConnectionLost) || !IsMeant(run)) return error;
        var presence = Find(new HomeLayout(run.Home));
        if (error.Code == ClientErrors.ConnectionLost && presence == CloudPresence.Running) return error;
        // What was cut off has a next step of its own; where nothing answered at all, the client's would be a guess.
        var next = error is { Code: ClientErrors.ConnectionLost, NextStep: { } own } ? $"{NextStep(presence).TrimEnd('.')}. {own}" : NextStep(presence);
        return error with { Message = $"{error.Message} {Sentence(presence, run.Home)}", NextStep = next };
    }
}
