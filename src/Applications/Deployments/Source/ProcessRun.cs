using System.Diagnostics;
using System.Text;

namespace Strata.Deployments.Source;

/// <summary>Runs a program to its end with nothing of this process's environment, bounded output, and without a terminal.</summary>
internal static class ProcessRun
{
    private const int OutputCharsMax = 16 * 1024;

    /// <returns>Its exit code and the end of what it said on both outputs. Cancelled: it and all its children are killed, and the cancellation thrown.</returns>
    public static async Task<ProcessEnd> RunAsync(
        string program, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Describe(program, arguments, folder, environment) };
        var output = new StringBuilder();
        process.OutputDataReceived += (_, e) => Add(output, e.Data);
        process.ErrorDataReceived += (_, e) => Add(output, e.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        lock (output) return new ProcessEnd(process.ExitCode, output.ToString());
    }

    internal static ProcessStartInfo Describe(string program, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string> environment)
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

    private static void Add(StringBuilder output, string? line)
    {
        if (line is null) return;
        lock (output)
        {
            output.Append(line).Append('\n');
            if (output.Length > OutputCharsMax) output.Remove(0, output.Length - OutputCharsMax);
        }
    }
}

internal sealed record ProcessEnd(int ExitCode, string Output);
