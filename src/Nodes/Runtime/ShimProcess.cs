using System.Diagnostics;

namespace Strata.Nodes.Runtime;

/// <summary>Starts a shim in a session of its own, so that neither a terminal's Ctrl-C nor the end of this process reaches it.</summary>
internal static class ShimProcess
{
    /// <param name="capture">Whether the caller reads the shim's standard output; otherwise the shim redirects its own.</param>
    public static Process Start(string shim, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, bool capture = false)
    {
        var info = new ProcessStartInfo(HostCommand.Find("setsid") ?? "setsid", ["sh", shim, .. arguments])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = capture,
            RedirectStandardInput = capture,
        };
        info.Environment.Clear();
        foreach (var (key, value) in environment) info.Environment[key] = value;
        var process = Process.Start(info) ?? throw new IOException("setsid could not be started.");
        if (capture) process.StandardInput.Close();
        return process;
    }
}
