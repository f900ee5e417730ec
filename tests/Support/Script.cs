using System.Diagnostics;

namespace Strata.TestSupport;

/// <summary>Clients in other languages: scripts of this repository, each of which runs to its end and fails with what it did not get.</summary>
internal static class Script
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>The repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    public static Task<string> NodeAsync(string script, params string[] arguments) => RunAsync("node", script, arguments);

    /// <summary>The system's own Python, whose packages apt installs.</summary>
    public static Task<string> PythonAsync(string script, params string[] arguments) => RunAsync("/usr/bin/python3", script, arguments);

    private static async Task<string> RunAsync(string program, string script, string[] arguments)
    {
        var start = new ProcessStartInfo(program, [Path.Combine(Root, script), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timer.CancelAfter(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{script} did not end: {await error}{await output}");
        }
        Assert.True(process.ExitCode == 0, $"{script}: {await error}{await output}");
        return await output;
    }
}
