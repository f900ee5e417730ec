using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Strata.Benchmarks;

namespace Strata.Edge.Benchmarks;

/// <summary>Load by h2load, over HTTP/2.</summary>
internal static partial class H2Load
{
    public static async Task<WrkRun> GetAsync(int connections, int streams, TimeSpan duration, string url)
    {
        string[] arguments = ["-t2", $"-c{connections}", $"-m{streams}", "-D" + Text(duration.TotalSeconds), url];
        using var load = Process.Start(new ProcessStartInfo("h2load", arguments) { RedirectStandardOutput = true })!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        var done = Requests().Match(output) is { Success: true } counts ? counts
            : throw new InvalidOperationException($"h2load said nothing of its requests: {output}");
        var (succeeded, failed) = (Number(done, 1), Number(done, 2) + Number(done, 3));
        return new WrkRun(succeeded, succeeded / duration.TotalSeconds, 0, 0, failed);
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    private static string Text(double seconds) => ((int)seconds).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"requests:.*?(\d+) succeeded, (\d+) failed, (\d+) errored")]
    private static partial Regex Requests();
}
