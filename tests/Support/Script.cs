using System.Diagnostics;

namespace Strata.TestSupport;

/// <summary>
/// Clients in other languages: scripts of this repository, each of which runs to its end and fails with what it did not get.
/// </summary>
internal static class Script
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>The repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    public static Task<string> NodeAsync(string script, params string[] arguments) =>
        RunAsync("node", [Path.Combine(Root, script), .. arguments]);

    /// <summary>The system's own Python, whose packages apt installs.</summary>
    public static Task<string> PythonAsync(string script, params string[] arguments) =>
        RunAsync("/usr/bin/python3", [Path.Combine(Root, script), .. arguments]);

    /// <summary>Any program; what it wrote.</summary>
    public static async Task<string> RunAsync(
        string program, string[] arguments, string? folder = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = folder ?? Root };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timer.CancelAfter(Patience);
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end: {await error}{await output}");
        }
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await error}{await output}");
        return await output;
    }
}
