using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Strata.Edge.Benchmarks;

/// <param name="P99Ms">Latency of the slowest hundredth.</param>
/// <param name="PerCpuSecond">Requests per CPU second of the proxy.</param>
/// <param name="Failed">Answers other than 2xx and 3xx, and socket errors.</param>
internal sealed record Round(double PerSecond, double P99Ms, double PerCpuSecond, double Megabytes, long Failed);

/// <summary>Load by wrk: keep-alive GET on 64 connections.</summary>
internal static partial class Wrk
{
    public const int Connections = 64;

    public static async Task<Round> RunAsync(Proxy proxy, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        var before = proxy.CpuSeconds();
        var start = new ProcessStartInfo("wrk", [
            "-t2", $"-c{Connections}", $"-d{(int)duration.TotalSeconds}s", "--latency", "-H", $"Host: {Comparison.Host}", $"http://127.0.0.1:{proxy.Port}/"])
        { RedirectStandardOutput = true };
        using var wrk = Process.Start(start)!;
        var text = await wrk.StandardOutput.ReadToEndAsync(cancellationToken);
        await wrk.WaitForExitAsync(cancellationToken);
        var cpu = proxy.CpuSeconds() - before;
        var requests = Number(RequestsIn().Match(text).Groups[1].Value);
        return new Round(
            Number(PerSecondIn().Match(text).Groups[1].Value), Latency(P99In().Match(text)), requests / Math.Max(cpu, 0.01), proxy.ResidentMegabytes(),
            (long)Number(FailedIn().Match(text).Groups[1].Value) + ErrorsIn().Matches(text).Sum(m => (long)Number(m.Groups[1].Value)));
    }

    private static double Latency(Match match) => Number(match.Groups[1].Value) * match.Groups[2].Value switch { "us" => 0.001, "ms" => 1, _ => 1000 };

    private static double Number(string text) => text.Length == 0 ? 0 : double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestsIn();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex PerSecondIn();

    [GeneratedRegex(@"99%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex P99In();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex FailedIn();

    [GeneratedRegex(@"(?:connect|read|write|timeout) (\d+)")]
    private static partial Regex ErrorsIn();
}
