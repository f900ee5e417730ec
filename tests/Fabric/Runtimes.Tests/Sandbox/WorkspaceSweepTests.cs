using Strata.Runtimes.Sandbox;

namespace Strata.Runtimes.Tests.Sandbox;

/// <summary>What a mount leaves that was killed because it took too long, and has mounted all the same.</summary>
public sealed class WorkspaceSweepTests
{
    [Fact]
    public async Task Sweep_OfAMountWithoutAnImage_UnmountsAndRemovesIt()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root mounts.");
        var parent = Directory.CreateTempSubdirectory("strata sweep").FullName; // with a space, which the kernel's table escapes
        var disk = Path.Combine(parent, "left", "disk");
        Directory.CreateDirectory(disk);
        var mounted = await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], TestContext.Current.CancellationToken);
        Assert.SkipUnless(mounted.Ok, "This machine lets nobody mount: " + mounted.Complaint);
        await Workspace.SweepAsync(parent, TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(Path.Combine(parent, "left")));
        Directory.Delete(parent);
    }
}
