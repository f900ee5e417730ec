using System.Globalization;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Developing;

/// <summary>Shows the calls to one member as they end: what, how long, what went in and what came out.</summary>
internal sealed class CallScreen(Run run, string member)
{
    private const int JsonCharactersMax = 2_000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Until it is cancelled; the cloud may come and go meanwhile.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var (type, data) in run.Client.EventsAsync("/api/v1/compute/calls?watch=true", cancellationToken))
                {
                    if (type == "call") Show(data);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (StrataException e)
            {
                run.Say($"{run.Terminal.OnError(Tone.Waiting, "waiting")}  {e.Error.Message}");
            }
            await Task.Delay(Pause, run.Terminal.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Show(JsonText text)
    {
        using var json = text.Parse();
        var call = json.RootElement;
        if (call.Text("member") != member) return;
        if (run.WriteMachine(call)) return;
        var failure = call.Text("failure");
        var at = call.GetProperty("at").GetDateTimeOffset().ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        var way = call.Text("transition") is { Length: > 0 } transition ? $" in \"{transition}\"" : "";
        var took = string.Create(CultureInfo.InvariantCulture, $"{call.GetProperty("milliseconds").GetDouble():0.0} ms");
        var what = run.Terminal.OnOut(failure.Length == 0 ? Tone.Good : Tone.Bad, $"{call.Text("kind")} {call.Text("name")}");
        var output = run.Terminal.Out;
        output.WriteLine($"{at}  {what}  {took}  {call.Text("model")} {call.Text("entityId")}, {call.Text("state")}{way}");
        output.WriteLine($"  in   {(call.TryGetProperty("input", out var input) ? Shorten(input) : "(too long to show)")}");
        if (failure.Length > 0) output.WriteLine($"  failed: {failure}");
        else output.WriteLine($"  out  {(call.TryGetProperty("output", out var result) ? Shorten(result) : "(as it was)")}");
        output.Flush();
    }

    private static string Shorten(JsonElement json)
    {
        var text = json.GetRawText();
        return text.Shortened(JsonCharactersMax);
    }
}
