using System.CommandLine;
using Strata.Cli.Shell;
using Strata.Cli.Trust;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca</c>: the cloud's own authority, which signs for local names.</summary>
internal static class CaCommand
{
    private static readonly Option<bool> Print = new("--print") { Description = "Print what would be done and change nothing" };

    public static Command Create(Terminal terminal) => new("ca", "Trust this cloud's own authority, so that browsers take its certificates")
    {
        new Command("show", "Print the authority's certificate, in PEM").Does(terminal, ShowAsync),
        new Command("trust", "Have this machine and its browsers trust it") { Print }.Does(terminal, TrustAsync),
        new Command("untrust", "Take it back") { Print }.Does(terminal, UntrustAsync),
    };

    private static async Task<int> ShowAsync(Run run, CancellationToken cancellationToken)
    {
        await run.Terminal.Out.WriteAsync(await ReadAsync(run, cancellationToken));
        return CommandRunner.Done;
    }

    private static Task<int> TrustAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, true, cancellationToken);

    private static Task<int> UntrustAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, false, cancellationToken);

    private static async Task<int> ChangeAsync(Run run, bool trusts, CancellationToken cancellationToken)
    {
        var pem = await ReadAsync(run, cancellationToken);
        var stores = TrustStores.Of(pem, trusts);
        if (run.Parse.GetValue(Print))
        {
            foreach (var step in stores.Steps) run.Terminal.Out.WriteLine(step.ToString());
            return CommandRunner.Done;
        }
        if (stores.Steps.Count == 0)
            throw new Error(
                ErrorKind.Unavailable, "NO_TRUST_STORE", "No place was found on this machine where certificates are trusted.",
                "Save it and install it by hand: strata ca show > ~/strata-ca.pem").ToException();
        var isAnyDone = false;
        foreach (var step in stores.Steps)
        {
            var fault = await step.RunAsync(cancellationToken);
            isAnyDone |= fault is null;
            run.Say(fault is null ? $"{(trusts ? "Trusted" : "Removed")} {step.Where}." : $"Not {step.Where}: {fault}");
        }
        if (trusts && !stores.HasBrowsers)
            run.Say("Browsers that keep their own list (Firefox, Chromium) need certutil: apt install libnss3-tools, then run this again.");
        return isAnyDone ? CommandRunner.Done : CommandRunner.Failed;
    }

    private static async Task<string> ReadAsync(Run run, CancellationToken cancellationToken) =>
        System.Text.Encoding.ASCII.GetString(
            (await run.Client.SendBytesAsync(HttpMethod.Get, "/ca.pem", cancellationToken: cancellationToken)).Span);
}
