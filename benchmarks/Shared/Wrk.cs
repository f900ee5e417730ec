using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Strata.Benchmarks;

/// <param name="Requests">All that were made.</param>
/// <param name="Failed">Answers other than 2xx and 3xx, and socket errors.</param>
internal sealed record WrkRun(long Requests, double PerSecond, double MedianMs, double P99Ms, long Failed)
{
    public override string ToString() => FormattableString.Invariant(
        $"{PerSecond:0}/s (p50 {MedianMs:0.00} ms, p99 {P99Ms:0.00} ms{(Failed == 0 ? "" : $", {Failed} FAILED")})");
}

/// <summary>Load by wrk.</summary>
internal static partial class Wrk
{
    /// <param name="script">What is asked, in Lua.</param>
    /// <param name="threads">As many as connections where the script keeps what was answered: a script's state is its thread's.</param>
    public static Task<WrkRun> RunAsync(string script, int threads, int connections, TimeSpan duration, string url) =>
        RunAsync(threads, connections, duration, ["-s", script, url]);

    /// <summary>Keep-alive GETs of one address, by two threads.</summary>
    /// <param name="headers">More of them, such as <c>Accept: text/plain</c>.</param>
    public static Task<WrkRun> GetAsync(int connections, TimeSpan duration, string url, string host, params string[] headers) =>
        RunAsync(2, connections, duration, [.. headers.Prepend($"Host: {host}").SelectMany(h => new[] { "-H", h }), url]);

    private static async Task<WrkRun> RunAsync(int threads, int connections, TimeSpan duration, string[] what)
    {
        string[] arguments = [$"-t{threads}", $"-c{connections}", $"-d{(int)duration.TotalSeconds}s", "--timeout", "10s",
            "--latency", .. what];
        using var wrk = Process.Start(new ProcessStartInfo("wrk", arguments) { RedirectStandardOutput = true })!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (wrk.ExitCode != 0) throw new InvalidOperationException($"wrk failed: {text}");
        return new WrkRun(
            (long)Number(RequestsIn().Match(text).Groups[1].Value), Number(PerSecondIn().Match(text).Groups[1].Value), Latency(text, "50%"),
            Latency(text, "99%"),
            (long)Number(FailedIn().Match(text).Groups[1].Value) + ErrorsIn().Matches(text).Sum(m => (long)Number(m.Groups[1].Value)));
    }

    private static double Latency(string text, string share)
    {
        var match = Regex.Match(text, Regex.Escape(share) + @"\s+([\d.]+)(us|ms|s)");
        return Number(match.Groups[1].Value) * match.Groups[2].Value switch { "us" => 0.001, "ms" => 1, _ => 1000 };
    }

    private static double Number(string text) => text.Length == 0 ? 0 : double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestsIn();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex PerSecondIn();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex FailedIn();

    [GeneratedRegex(@"(?:connect|read|write|timeout) (\d+)")]
    private static partial Regex ErrorsIn();
}
