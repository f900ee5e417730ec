using System.Diagnostics;
using System.Globalization;

namespace Strata.Runtimes.Tests;

/// <summary>Process 1 of an instance, in a process namespace of its own.</summary>
public sealed class InitTests
{
    /// <summary>A signal that arrived together with the end hid the exit code in about one of twelve rounds.</summary>
    [Fact]
    public async Task Init_SignalsThatMeetTheEnd_KeepTheExitCode()
    {
        if (!Posix.IsRoot) Assert.Skip("only root may make process namespaces");
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, EmbeddedText.Read("init.sh"));
            for (var round = 0; round < 40; round++) Assert.Equal(42, await EndUnderSignalsAsync(script));
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static async Task<int> EndUnderSignalsAsync(string script)
    {
        string[] command = ["--pid", "--fork", "--mount-proc", "sh", script, "/bin/sh", "-c",
            "trap 'exit 42' TERM; echo up; while :; do sleep 0.01; done"];
        using var process = Process.Start(new ProcessStartInfo("unshare", command) { RedirectStandardOutput = true })!;
        Assert.Equal("up", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var children = await File.ReadAllTextAsync($"/proc/{process.Id}/task/{process.Id}/children", TestContext.Current.CancellationToken);
        var init = int.Parse(children, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        for (var signals = 0; signals < 40; signals++) _ = Posix.Kill(init, Posix.SigTerm);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }
}
