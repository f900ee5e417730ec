using System.Diagnostics;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>Runs small programs of this machine, such as ip and nft, to their end.</summary>
public static class HostCommand
{
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Full path of a program, or null.</summary>
    public static string? Find(string name) =>
        SearchPath.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Waits at most a minute, then kills it. A program that is not there answers as a shell does: 127.</summary>
    public static async Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, string? input, CancellationToken cancellationToken)
    {
        if (Find(program) is not { } path) return new CommandResult(127, "", $"{program} is not installed.");
        using var process = Process.Start(StartInfo(path, arguments))!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), deadline.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(deadline.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new CommandResult(124, "", $"{program}: {e.Message}");
        }
    }

    public static Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(program, arguments, null, cancellationToken);

    private static ProcessStartInfo StartInfo(string path, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        ChildEnvironment.Restrict(info.Environment);
        info.Environment["PATH"] = SearchPath;
        info.Environment["LC_ALL"] = "C";
        return info;
    }
}

public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    /// <summary>Its last words, for a message.</summary>
    public string Complaint => (Error.Length > 0 ? Error : Output).Trim();
}
