using System.Diagnostics;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>Runs small programs of this machine, such as ip and nft, to their end.</summary>
public static class HostCommand
{
    private const int OutputCharsMax = 1 << 20;
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Full path of a program, or null.</summary>
    public static string? Find(string name) =>
        SearchPath.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Waits at most a minute, then kills it. A program that is not there answers as a shell does: 127.</summary>
    public static async Task<ProcessEnd> RunAsync(
        string program, IEnumerable<string> arguments, string? input, CancellationToken cancellationToken)
    {
        if (Find(program) is not { } path) return new ProcessEnd(127, "", $"{program} is not installed.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            return await ProcessRun.RunAsync(StartInfo(path, arguments), input, OutputCharsMax, deadline.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ProcessEnd(124, "", $"{program}: {e.Message}");
        }
    }

    public static Task<ProcessEnd> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(program, arguments, null, cancellationToken);

    private static ProcessStartInfo StartInfo(string path, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(path, arguments) { WorkingDirectory = "/" };
        ChildEnvironment.Restrict(info.Environment);
        info.Environment["PATH"] = SearchPath;
        info.Environment["LC_ALL"] = "C";
        return info;
    }
}
