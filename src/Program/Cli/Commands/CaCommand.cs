using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Strata.Cli.Shell;
using Strata.Cli.Trust;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata ca</c>: the cloud's own authority, which signs for local names.</summary>
internal static class CaCommand
{
    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<bool> Print = new("--print") { Description = "Print what would be done and change nothing" };

    public static Command Create(Terminal terminal) => new("ca", "Trust this cloud's own authority, so that browsers take its certificates")
    {
        new Command("show", "Print the authority's certificate, in PEM").Does(terminal, ShowAsync),
        new Command("trust", "Have this machine and its browsers trust it") { Print, Yes }.Does(terminal, TrustAsync),
        new Command("untrust", "Remove it from where trust has put it") { Print }.Does(terminal, UntrustAsync),
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
        // Over an open connection anyone on the way could have put another in its place.
        if (trusts && !(run.Client.Address.IsLoopback || run.Client.Address.Scheme == "https")
            && !await Confirmation.AskAsync(
                run, Yes, $"{run.Client.Address} is not encrypted. Is this the authority's fingerprint, {FingerprintOf(pem)}?",
                cancellationToken))
            return CommandRunner.Failed;
        var isAnyDone = false;
        foreach (var step in stores.Steps)
        {
            var fault = await step.RunAsync(cancellationToken);
            isAnyDone |= fault is null;
            run.Say(fault is null ? trusts ? $"Trusted by {step.Where}." : $"Removed from {step.Where}." : $"Not {step.Where}: {fault}");
        }
        if (trusts && stores.BrowserHint is { } hint) run.Say(hint);
        return isAnyDone ? CommandRunner.Done : CommandRunner.Failed;
    }

    private static string FingerprintOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return Fingerprint.Of(certificate);
    }

    private static async Task<string> ReadAsync(Run run, CancellationToken cancellationToken) =>
        System.Text.Encoding.ASCII.GetString(
            (await run.Client.SendBytesAsync(HttpMethod.Get, "/ca.pem", cancellationToken: cancellationToken)).Span);
}
