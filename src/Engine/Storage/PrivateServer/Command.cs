using System.Diagnostics;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>Runs a short command to its end, or one that starts PostgreSQL in the background: without the server's secrets in its environment.</summary>
internal static class Command
{
    public readonly record struct Answer(int ExitCode, string Output);

    /// <summary>Output is what it wrote on both streams; a cancelled command is killed.</summary>
    /// <param name="input">What it reads; null: nothing.</param>
    public static async Task<Answer> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken, string? input = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        ChildEnvironment.Restrict(start.Environment);
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
            return new Answer(process.ExitCode, (await output + await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
