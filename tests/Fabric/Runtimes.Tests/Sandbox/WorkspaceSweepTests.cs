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
        var mounted = await HostCommand.RunAsync(
            "mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], TestContext.Current.CancellationToken);
        Assert.SkipUnless(mounted.Ok, "This machine lets nobody mount: " + mounted.Complaint);
        await Workspace.SweepAsync(parent, TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(Path.Combine(parent, "left")));
        Directory.Delete(parent);
    }

    /// <summary>The kernel's table holds real paths: a data folder behind a link must be found in it all the same.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Workspace_BehindALink_IsUnmountedAndRemoved(bool bySweep)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root mounts.");
        var real = Directory.CreateTempSubdirectory("strata-link").FullName;
        Directory.CreateDirectory(Path.Combine(real, "a", "workspaces"));
        Directory.CreateSymbolicLink(Path.Combine(real, "b"), "a");
        var parent = Path.Combine(real, "b", "workspaces");
        var workspace = await Workspace.CreateAsync(parent, "w", 16 << 20, TestContext.Current.CancellationToken);
        Assert.SkipUnless(workspace.IsHardLimited, "This machine lets nobody mount.");
        File.Delete(Path.Combine(parent, "w", "disk.img")); // so that only the kernel's table shows the mount
        if (bySweep) await Workspace.SweepAsync(parent, TestContext.Current.CancellationToken);
        else await workspace.DisposeAsync();
        Assert.Empty(Directory.GetDirectories(parent));
        Assert.DoesNotContain(
            real, await File.ReadAllTextAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Directory.Delete(real, recursive: true);
    }
}
