using System.CommandLine;
using System.Globalization;
using System.Net.WebSockets;
using Strata.Cli.Deploying;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;
using Strata.Tunnels.Client;

namespace Strata.Cli.Commands;

/// <summary><c>strata tunnel PORT</c>: this cloud's edge serves a program that runs on this machine.</summary>
internal static class TunnelCommand
{
    private const string NameSuffix = "-dev"; // the folder's own name is its deployment's

    private static readonly Argument<string> Target = new("target") { Description = "Where your program listens: PORT or HOST:PORT" };
    private static readonly Option<string?> Name =
        new("--name") { Description = "Name of the tunnel, and of its host [the folder's name with -dev]", HelpName = "NAME" };
    private static readonly Option<bool> Keep =
        new("--keep") { Description = "Keep the tunnel when the command ends; its host then answers that nothing is connected" };

    public static Command Create(Terminal terminal) =>
        new Command("tunnel", "Serve a program on this machine through the cloud's edge") { Target, Name, Keep }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (host, port) = ParseTarget(run.Parse.GetRequiredValue(Target));
        var name = run.Parse.GetValue(Name) ?? DeploySource.Parse(null, null).DefaultName() + NameSuffix;
        var tunnels = run.Client.Resources<TunnelSpec, TunnelStatus>(Plurals.Tunnels);
        var found = await tunnels.FindAsync(name, cancellationToken: cancellationToken);
        var spec = new TunnelSpec { Target = $"{host}:{port}" };
        var tunnel = found ?? await tunnels.CreateAsync(
            new NewResource<TunnelSpec> { Name = name, Project = run.Project, Spec = spec }, cancellationToken: cancellationToken);
        try
        {
            await ServeAsync(run, tunnel.Id, host, port, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The user has seen enough.
        }
        finally
        {
            if (found is null && !run.Parse.GetValue(Keep)) await tunnels.DeleteAsync(tunnel.Id, cancellationToken: CancellationToken.None);
        }
        return CommandRunner.Done;
    }

    private static async Task ServeAsync(Run run, string tunnel, string host, int port, CancellationToken cancellationToken)
    {
        var screen = new TunnelScreen(run, $"{host}:{port}");
        var client = new TunnelClient(
            new Uri(run.Context.Server), run.Context.Token ?? "", tunnel, host, port, screen, run.Terminal.Time) { Organization = run.Org };
        try
        {
            await client.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is TunnelRefusedException or WebSocketException)
        {
            // A plain request is answered with the reason.
            await run.Client.SendAsync(HttpMethod.Get, $"/api/v1/tunnels/{tunnel}/connect", cancellationToken: cancellationToken);
            throw;
        }
    }

    private static (string Host, int Port) ParseTarget(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "localhost" : text[..colon];
        return int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            && host.Length > 0
            ? (host, port)
            : throw UsageErrors.Of($"\"{text}\" is not a port.", "Give the port on which your program listens: strata tunnel 3000")
            .ToException();
    }
}

/// <summary>Shows the state of the tunnel: its address on standard output, for scripts, everything else on standard error.</summary>
internal sealed class TunnelScreen(Run run, string target) : ITunnelObserver
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private string? known;
    private long toldAt;

    public void Connected(string url)
    {
        run.Say($"{run.Terminal.OnError(Tone.Good, "connected")}  {url} leads to {target} on this machine. Ctrl-C ends it.");
        if (known == url) return;
        known = url;
        run.Terminal.Out.WriteLine(url);
        run.Terminal.Out.Flush();
    }

    public void Lost(string reason, TimeSpan pause) =>
        run.Say(string.Create(CultureInfo.InvariantCulture,
            $"{run.Terminal.OnError(Tone.Waiting, "lost")}  The connection broke ({reason}). Trying again in {pause.TotalSeconds:0} s."));

    /// <summary>A browser that finds nothing tries often; the user sees a message now and then.</summary>
    public void Unreachable()
    {
        var now = run.Terminal.Time.GetTimestamp();
        var before = Interlocked.Exchange(ref toldAt, now);
        if (before != 0 && run.Terminal.Time.GetElapsedTime(before, now) < Quiet) return;
        run.Say($"{run.Terminal.OnError(Tone.Bad, "down")}  Nothing answers at {target}. Start your program, and let it listen there.");
    }
}
