using System.Diagnostics;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Cloud;

/// <summary>
/// What the watchdog's shell does for each exit code of the server. The command here is a shell that ends with the codes given, one a
/// start, and then with 0.
/// </summary>
public sealed class WatchdogTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-watchdog-").FullName;

    public void Dispose() => Folder.Delete(folder);

    [Theory]
    [InlineData(new[] { CommandRunner.StoppedUnasked }, 2, 0)] // at the first start too: it ran, and ended although nobody asked it to
    [InlineData(new[] { 137 }, 2, 0)] // kill -9
    [InlineData(new[] { CommandRunner.StoppedUnasked, 1 }, 3, 0)] // a restart that fails is tried again
    [InlineData(new[] { CommandRunner.Failed }, 1, 1)] // a first start that fails is shown to who asked for it
    [InlineData(new[] { CommandRunner.WrongUsage }, 1, 2)]
    [InlineData(new[] { 143 }, 1, 143)] // asked to stop
    // somebody else has started a server meanwhile
    [InlineData(new[] { CommandRunner.StoppedUnasked, CommandRunner.TakenByAnother }, 2, 74)]
    public async Task Watchdog_ByExitCode_StartsAgainOrEnds(int[] codes, int starts, int last)
    {
        var count = Path.Combine(folder, "starts");
        // Each start adds a line and ends with the code of its number.
        var server = $"echo x >> '{count}'; n=$(wc -l < '{count}'); set -- {string.Join(' ', codes)}; [ $n -gt $# ] && exit 0; shift $((n - 1)); exit $1";
        using var watchdog = Process.Start(
            new ProcessStartInfo(
                Watchdog.Command[0], [.. Watchdog.Command.Skip(1), "/bin/sh", "-c", server]) { RedirectStandardOutput = true })!;
        await watchdog.StandardOutput.ReadToEndAsync();
        await watchdog.WaitForExitAsync();
        Assert.Equal(last, watchdog.ExitCode);
        Assert.Equal(starts, File.ReadAllLines(count).Length);
    }
}
