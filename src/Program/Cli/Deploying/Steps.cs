using System.Diagnostics;
using Spectre.Console;
using Strata.Cli.Shell;

namespace Strata.Cli.Deploying;

/// <summary>
/// Tells of long work step by step, each with its time. With a terminal the present step moves; without one there are plain lines. Nothing when quiet.
/// </summary>
internal sealed class Steps(Run run)
{
    private readonly IAnsiConsole console = run.Terminal.ErrorConsole();

    /// <summary>Does one step. What <paramref name="work"/> tells through its callback replaces the words of the present step.</summary>
    /// <param name="doing">Such as <c>Building</c>.</param>
    /// <param name="done">From the result to the words that stay, such as <c>Built node application</c>.</param>
    public async Task<T> DoAsync<T>(string doing, Func<Action<string>, Task<T>> work, Func<T, string> done)
    {
        var clock = Stopwatch.StartNew();
        var result = run is { Quiet: false, Terminal.ErrorIsTerminal: true } ? await LiveAsync(doing, work) : await PlainAsync(doing, work);
        run.Say($"{run.Terminal.OnError(Tone.Good, "✓")} {done(result)} {run.Terminal.OnError(Tone.Faint, TimeText.Short(clock.Elapsed))}");
        return result;
    }

    /// <summary>A line of a log that belongs to the present step.</summary>
    public void Line(string text) => run.Show(run.Terminal.OnError(Tone.Faint, "  │ ") + text);

    private Task<T> LiveAsync<T>(string doing, Func<Action<string>, Task<T>> work) =>
        console.Status().StartAsync(Markup.Escape(SafeWriter.Clean(doing)), context => work(text => context.Status(Markup.Escape(SafeWriter.Clean(text)))));

    private Task<T> PlainAsync<T>(string doing, Func<Action<string>, Task<T>> work)
    {
        run.Say(doing + "…");
        return work(_ => { });
    }
}
