using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>
/// Has a person confirm in their browser that it is they, so that the context's sign-in counts as fresh: the command shows a code, and
/// waits.
/// </summary>
internal static class StepUpSignIn
{
    private const string Path = "/api/v1/access/step-up";
    private const int CodeLengthMax = 20;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <param name="url">As it was given; it has to be that of the context.</param>
    /// <exception cref="StrataException">SIGN_IN_EXPIRED; NO_PERSON where the context has a token of no person.</exception>
    public static async Task<int> RunAsync(Run run, string? url, CancellationToken cancellationToken)
    {
        if (url is not null && !CliContext.IsSame(run.Context.Server, url))
            throw UsageErrors.Of($"The current context is of {run.Context.Server}, and not of {url.Shortened(100)}.",
                "Choose the context: strata login --step-up --context NAME").ToException();
        using var before = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
        using var asked = await run.Client.SendAsync(HttpMethod.Post, Path, cancellationToken: cancellationToken);
        var (code, page) = (asked!.RootElement.Text("code"), asked.RootElement.Text("page"));
        if (code is not { Length: > 0 and <= CodeLengthMax } || code.Any(char.IsControl) || page is null || !Browser.IsOfTheWeb(page))
            throw new Error(ErrorKind.Unavailable, ClientErrors.UnexpectedAnswer, $"No Strata API answers at {run.Context.Server}.",
                "Check the address.").ToException();
        // Also where --quiet is given: without it the command could not go on.
        run.Terminal.Error.WriteLine(
            $"Open this page in a browser, and check that it shows the code {run.Terminal.OnError(Tone.Strong, code)}:\n  {page}");
        run.Show("Waiting for you to confirm it there… (Ctrl-C gives up)");
        Browser.ShowFor(run, page);
        var end = asked.RootElement.GetProperty("expiresAt").GetDateTimeOffset();
        using var after = await WaitAsync(run, TimeOf(before!), end, cancellationToken);
        if (!run.WriteMachine(after.RootElement))
            run.Say("Confirmed. For 15 minutes, what needs a fresh sign-in is open to this context.");
        return CommandRunner.Done;
    }

    private static async Task<JsonDocument> WaitAsync(
        Run run, DateTimeOffset before, DateTimeOffset end, CancellationToken cancellationToken)
    {
        while (run.Now < end)
        {
            await Task.Delay(Interval, run.Terminal.Time, cancellationToken);
            var now = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
            if (TimeOf(now!) > before) return now!;
            now!.Dispose();
        }
        throw new Error(ErrorKind.Gone, "SIGN_IN_EXPIRED", "It was not confirmed in time.", "Try again: strata login --step-up")
            .ToException();
    }

    private static DateTimeOffset TimeOf(JsonDocument answer) => answer.RootElement.GetProperty("authenticatedAt").GetDateTimeOffset();
}
