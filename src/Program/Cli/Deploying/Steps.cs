using Strata.Cli.Shell;

namespace Strata.Cli.Deploying;

/// <summary>
/// Shows long work step by step, each with its time. In a terminal a status line shows the current step; elsewhere there are plain lines.
/// Nothing when quiet.
/// </summary>
internal sealed class Steps(Run run)
{
    private const string Gutter = "  │ ";

    /// <summary>Does one step. What <paramref name="work"/> reports through its callback replaces the text of the status line.</summary>
    /// <param name="doing">Such as <c>Building</c>.</param>
    /// <param name="done">From the result to the text that stays, such as <c>Built node application</c>.</param>
    public async Task<T> DoAsync<T>(string doing, Func<Action<string>, Task<T>> work, Func<T, string> done)
    {
        var started = run.Terminal.Time.GetTimestamp();
        var result = run is { Quiet: false, Terminal.Live: { } live } ? await LiveAsync(live, doing, work) : await PlainAsync(doing, work);
        var took = TimeText.Short(run.Terminal.Time.GetElapsedTime(started));
        run.Say($"{run.Terminal.OnError(Tone.Good, "✓")} {done(result)} {run.Terminal.OnError(Tone.Faint, took)}");
        return result;
    }

    /// <summary>A line of a log that belongs to the present step.</summary>
    public void Line(string text)
    {
        var width = run.Terminal is { ErrorIsTerminal: true, ErrorWidth: > 0 } ? run.Terminal.ErrorWidth - Gutter.Length : 0;
        var gutter = run.Terminal.OnError(Tone.Faint, Gutter);
        var lines = TextWidth.Wrap(SafeWriter.Clean(text).Replace("\t", "    ", StringComparison.Ordinal), width).Split('\n');
        run.Show(string.Join('\n', lines.Select(line => (gutter + line).TrimEnd())));
    }

    private static async Task<T> LiveAsync<T>(LiveWriter live, string doing, Func<Action<string>, Task<T>> work)
    {
        using var display = live.Show(doing);
        return await work(display.Set);
    }

    private Task<T> PlainAsync<T>(string doing, Func<Action<string>, Task<T>> work)
    {
        run.Say(doing + "…");
        return work(_ => { });
    }
}
