using System.Diagnostics;
using Strata.Core;

namespace Strata.Deployments.Source;

/// <summary>Runs programs without this process's environment.</summary>
internal static class BareCommand
{
    private const int OutputCharsMax = 16 * 1024;

    /// <summary>Runs one to its end. Cancelled: it and all its children are killed, and the cancellation thrown.</summary>
    public static Task<ProcessEnd> RunAsync(
        string program, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellationToken) =>
        ProcessRun.RunAsync(Describe(program, arguments, folder, environment), null, OutputCharsMax, cancellationToken);

    internal static ProcessStartInfo Describe(
        string program, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment.Clear();
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return info;
    }
}
