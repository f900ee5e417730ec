using Strata.Cli.Doctor;

namespace Strata.Cli.Tests.Doctor;

public sealed class ToolChecksTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Any_LinkToAProgramThatIsGone_IsAFailureThatNamesIt()
    {
        var link = Path.Combine(folder.Path, "runc");
        File.CreateSymbolicLink(link, "/nowhere/runc");
        var found = await ToolChecks.AnyAsync(
            "container runtime", [link], "No isolation.", "sudo apt-get install -y runc", TestContext.Current.CancellationToken);
        Assert.Equal(Verdict.Failure, found.Verdict);
        Assert.Equal($"{link} is a link to /nowhere/runc, which does not exist. No isolation.", found.Message);
        Assert.Equal("Install it again: sudo apt-get install -y --reinstall runc", found.Fix);
    }

    [Fact]
    public async Task Any_ProgramThatFails_IsPassedOverForOneThatWorks()
    {
        var broken = folder.Write("crun", "#!/bin/sh\nexit 1\n");
        File.SetUnixFileMode(broken, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(
            Verdict.Failure, (await ToolChecks.AnyAsync("runtime", [broken], "", "", TestContext.Current.CancellationToken)).Verdict);
        Assert.Equal(
            Verdict.Ok, (await ToolChecks.AnyAsync("git", [broken, "git"], "", "", TestContext.Current.CancellationToken)).Verdict);
    }
}
