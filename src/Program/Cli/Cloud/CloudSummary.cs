using System.Text.Json.Serialization;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>What <c>strata up</c> prints when the cloud is ready.</summary>
internal sealed record CloudSummary
{
    public required string Version { get; init; }
    public required Uri ApiUrl { get; init; }

    /// <summary>Null: no edge runs on this machine.</summary>
    public required Uri? HttpUrl { get; init; }
    public required string Home { get; init; }
    public required int Pid { get; init; }

    /// <summary>
    /// Whether there is a token for this cloud, in the data folder or in STRATA_TOKEN; a second server's folder has none.
    /// </summary>
    public bool SignedIn { get; init; }

    /// <summary>Address that "strata login" takes.</summary>
    [JsonIgnore]
    public string SignInAt { get; init; } = "";

    /// <summary>The context that commands mean, where it is not this cloud's; null: it is.</summary>
    public string? OtherContext { get; init; }

    /// <summary>
    /// Where the first person makes themselves an administrator; null: there is one, or nobody at a terminal would see it.
    /// </summary>
    public string? SignUp { get; init; }

    /// <summary>Address of the welcome page; null where it does not run.</summary>
    public string? Welcome { get; init; }

    /// <summary>What instances are not isolated from, as sentences.</summary>
    public IReadOnlyList<string> NotIsolated { get; init; } = [];

    private static readonly string[] SignedInText = ["You are signed in as admin here; \"strata token\" prints a token for curl."];

    /// <summary>The token may be on another machine, where the cloud was started first, or lost.</summary>
    private string[] NotSignedInText =>
    [
        $"You are not signed in here. With a token of this cloud: strata login {SignInAt}",
        "Where the cloud was started first, \"strata token\" prints the administrator's. If it is lost: strata down && strata up --new-admin-token",
    ];

    private static readonly string[] DetachedText =
    [
        "\"strata down\" stops the server and leaves applications running; \"strata down --all\" stops everything.",
        "\"strata status\" shows the cloud's status.",
    ];

    public static async Task<CloudSummary> LoadAsync(Run run, RunningCloud cloud, CancellationToken cancellationToken)
    {
        // The current context may be another cloud's; STRATA_TOKEN counts where nothing is kept, as on a second server.
        var contexts = Contexts.TryRead(run.Home);
        var address = contexts?.Local?.Server ?? cloud.ApiUrl.AbsoluteUri.TrimEnd('/'); // which may be the public one
        var own = contexts is null ? new CliContext { Server = address }
            : contexts.Local is { Token: not null } local ? local : CliContext.Load(run.Home, address);
        run.SignIn(own);
        var summary = new CloudSummary
        {
            Version = cloud.Version, ApiUrl = cloud.ApiUrl, HttpUrl = cloud.HttpUrl, Home = run.Home, Pid = cloud.Pid,
            SignedIn = own.Token is not null,
            SignInAt = own.Server,
            OtherContext = contexts?.Current is { } current && !contexts.IsLocal(current) ? current.Name : null,
        };
        if (!summary.SignedIn) return summary;
        summary = summary with { SignUp = await FirstAdministrator.LinkAsync(run, cancellationToken) };
        if (cloud.HttpUrl is null) return summary;
        try
        {
            var welcome = await run.Client.Resources(Plurals.Deployments).FindAsync(Welcoming.Name, cancellationToken: cancellationToken);
            return summary with { Welcome = welcome is null ? null : AtPortOf(cloud, Kinds.JsonView.Text(welcome.Status, "url")) };
        }
        catch (StrataException)
        {
            return summary; // The address is a courtesy; the cloud is up all the same.
        }
    }

    /// <summary>The deployment's own status has the port of the last start until its controller has looked at it.</summary>
    internal static string? AtPortOf(RunningCloud cloud, string? address) =>
        cloud.HttpUrl is { } edge && Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Port != edge.Port
        ? new UriBuilder(uri) { Port = edge.Port }.Uri.AbsoluteUri.TrimEnd('/') : address;

    public void Write(Run run, bool detached)
    {
        if (run.WriteMachine(this)) return;
        run.HintContext = OtherContext is null ? null : CliContext.LocalName;
        var output = run.Terminal.Out;
        output.WriteLine($"{run.Terminal.OnOut(Tone.Good, $"Strata {Version} is up.")}");
        output.WriteLine();
        output.WriteLine($"  API            {ApiUrl.AbsoluteUri.TrimEnd('/')}   (reference at /docs)");
        output.WriteLine(
            $"  Applications   {(HttpUrl is { } edge ? $"http://NAME.localhost:{edge.Port}" : "no edge on this machine (--edge-mode off)")}");
        if (Welcome is { Length: > 0 }) output.WriteLine($"  First one      {run.Terminal.OnOut(Tone.Strong, Welcome)}");
        output.WriteLine($"  Data           {Home}");
        output.WriteLine();
        if (SignUp is { } link)
        {
            run.Print("  Make your account, as the cloud's administrator (the link works once, for a day):");
            output.WriteLine($"  {run.Terminal.OnOut(Tone.Strong, link)}");
            output.WriteLine();
        }
        foreach (var line in SignedIn ? SignedInText : NotSignedInText) run.Print("  " + run.Hint(line));
        if (OtherContext is { } other)
            run.Print("  " + run.Hint($"Commands mean the context \"{other}\"; \"strata context use local\" makes them mean this cloud."));
        foreach (var sentence in NotIsolated) run.Print($"  {run.Terminal.OnOut(Tone.Waiting, "Note:")} {sentence}");
        output.WriteLine();
        run.Print(
            $"Next: {run.Terminal.OnOut(Tone.Strong, run.Hint("strata deploy"))} in your own folder, or {run.Hint("strata deploy samples/hello-node")}");
        foreach (var line in detached ? DetachedText : ["Ctrl-C stops the cloud."]) run.Print(run.Hint(line));
        output.Flush();
    }
}
