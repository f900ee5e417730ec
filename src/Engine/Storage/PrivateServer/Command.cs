using System.Diagnostics;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>
/// Runs a short command to its end, or one that starts PostgreSQL in the background: without the server's secrets in its environment.
/// </summary>
internal static class Command
{
    private const int OutputCharsMax = 1 << 20;

    public readonly record struct Answer(int ExitCode, string Output);

    /// <summary>Output is what it wrote on both streams; a cancelled command is killed.</summary>
    /// <param name="input">What it reads; null: nothing.</param>
    public static async Task<Answer> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken, string? input = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = "/" };
        ChildEnvironment.Restrict(start.Environment);
        start.Environment["LC_ALL"] = "C";
        var end = await ProcessRun.RunAsync(start, input, OutputCharsMax, cancellationToken);
        return new Answer(end.ExitCode, end.Words.Trim());
    }
}
