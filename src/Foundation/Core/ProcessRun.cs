using System.Diagnostics;
using System.Text;

namespace Strata.Core;

/// <summary>
/// The one way to run a program to its end: its output is bounded, it has no terminal, and it does not outlive its caller.
/// </summary>
public static class ProcessRun
{
    /// <summary>Where a program is; null: nowhere. Also a link to a file that is gone, which is what keeps it from being run.</summary>
    public static string? Find(string program) =>
        ((Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/sbin:/sbin").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(p => File.Exists(p) || new FileInfo(p).LinkTarget is not null);

    /// <summary>Waits for its end. Cancelled or failed: it and all its children are killed, and the exception is thrown.</summary>
    /// <param name="start">The program, its folder and its environment; the streams are set here.</param>
    /// <param name="input">What it reads; null: nothing.</param>
    /// <param name="charsMax">Of each output; of a longer one the end is kept.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It is not there, or cannot be run.</exception>
    public static async Task<ProcessEnd> RunAsync(ProcessStartInfo start, string? input, int charsMax, CancellationToken cancellationToken)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        using var process = Process.Start(start)!;
        try
        {
            var output = ReadAsync(process.StandardOutput, charsMax, cancellationToken);
            var error = ReadAsync(process.StandardError, charsMax, cancellationToken);
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
            return new ProcessEnd(process.ExitCode, await output, await error);
        }
        catch
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, int charsMax, CancellationToken cancellationToken)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            kept.Append(buffer, 0, read);
            if (kept.Length > charsMax) kept.Remove(0, kept.Length - charsMax);
        }
        return kept.ToString();
    }
}

/// <summary>How a program ended, and what it wrote to each output.</summary>
public sealed record ProcessEnd(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    /// <summary>What it wrote to both.</summary>
    public string Words => Output + Error;

    /// <summary>Its last words, for a message.</summary>
    public string Complaint => (Error.Length > 0 ? Error : Output).Trim();
}
