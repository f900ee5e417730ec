using System.Diagnostics;

namespace Strata.Runtimes;

/// <summary>How a shim is started; kept in the run's folder so that it can be started again.</summary>
internal sealed record ShimStart(string Shim, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

/// <summary>Starts a shim in a session of its own, so that neither a terminal's Ctrl-C nor the end of this process reaches it.</summary>
internal static class ShimProcess
{
    /// <param name="capture">Whether the caller reads the shim's standard output; otherwise the shim redirects its own.</param>
    public static Process Start(ShimStart start, bool capture = false)
    {
        var info = new ProcessStartInfo(HostCommand.Find("setsid") ?? "setsid", ["sh", start.Shim, .. start.Arguments])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = capture,
            RedirectStandardInput = capture,
        };
        info.Environment.Clear();
        foreach (var (key, value) in start.Environment) info.Environment[key] = value;
        var process = Process.Start(info) ?? throw new IOException("setsid could not be started.");
        if (capture) process.StandardInput.Close();
        return process;
    }
}
