using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes;
using Strata.Runtimes.Sandbox;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Agent.Tests;

/// <summary>What instances and builds do to a disk of 512 MiB, of which 128 MiB are the platform's, on every runtime.</summary>
public abstract class FullDiskContract : IAsyncLifetime
{
    private const long Reserve = 128L << 20;
    private const string Serve = "exec /usr/bin/python3 -m http.server $PORT --bind $HOST";

    private SmallDisk? disk;
    private AgentHost? host;

    protected abstract RuntimeChoice Choice { get; }

    private AgentHost Host => host!;
    private SmallDisk Disk => disk!;
    private long FreeBytes => new DriveInfo(Disk.Path).AvailableFreeSpace;

    private static TestImage Image => TestImage.Of(("index.html", "x"));

    public async ValueTask InitializeAsync()
    {
        disk = await SmallDisk.MountAsync(512L << 20);
        host = await AgentHost.StartAsync(Choice, new NodeMachineOptions { DiskReserveBytes = Reserve }, disk);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (host is not null) await host.DisposeAsync();
    }

    [Fact]
    public async Task Instance_FillsTheDisk_IsStoppedWithTheReasonAndItsNeighbourRunsOn()
    {
        var steady = await Host.CreateAsync(Image, Serve, name: "steady-1");
        var before = await Host.UntilAsync(steady, InstanceStates.Ready);
        var greedy = await Host.CreateAsync(Image, $"(cat /dev/zero >filler) & {Serve}", name: "greedy-1");
        await Wait.UntilAsync(async () => IsRefusal((await Host.GetAsync(greedy)).Status.Message, "used the most"),
            "the instance is stopped for the disk", 120);
        await Wait.UntilAsync(() => FreeBytes > Reserve / 2, "there is room again", 120);
        await Host.TakeAsync(greedy, "stop");
        await Host.UntilAsync(greedy, InstanceStates.Stopped);
        await Wait.UntilAsync(() => FreeBytes > Reserve, "all of it is back", 120);
        var after = await Host.GetAsync(steady);
        Assert.Equal((InstanceStates.Ready, before.Status.StartedAt), (after.State, after.Status.StartedAt));
    }

    [Fact]
    public async Task Instance_OnAFullDisk_SaysWhyItWaitsAndStartsWhenThereIsRoom()
    {
        var filler = await Disk.FillAsync(Reserve - (16L << 20));
        var id = await Host.CreateAsync(Image, Serve);
        await Wait.UntilAsync(
            async () => IsRefusal((await Host.GetAsync(id)).Status.Message, "reserved for the platform"), "it says why it waits", 120);
        Assert.Equal(InstanceStates.Assigned, (await Host.GetAsync(id)).State);
        File.Delete(filler);
        Assert.Null((await Host.UntilAsync(id, InstanceStates.Ready)).Status.Message);
    }

    [Fact]
    public async Task Build_FillsTheDisk_IsStoppedBeforeInstancesAre()
    {
        var steady = await Host.CreateAsync(Image, Serve);
        var before = await Host.UntilAsync(steady, InstanceStates.Ready);
        var sandbox = Host.Machine.Machine.Sandbox;
        await using (var workspace = (await sandbox.CreateWorkspaceAsync(1L << 30, CancellationToken.None)).Value)
        {
            // Slowly enough for a loaded machine to look in between.
            const string fill = "i=0; while :; do head -c 8000000 /dev/zero >f$i || exit 1; sync f$i; i=$((i+1)); sleep 0.1; done";
            var run = new SandboxRun { Workspace = workspace, Command = ["/bin/sh", "-c", fill], OnLine = _ => { },
                Limits = new SandboxLimits { Time = TimeSpan.FromMinutes(2) } };
            var outcome = Assert.IsType<SandboxOutcome.MachineOutOfDisk>(await sandbox.RunAsync(run, CancellationToken.None));
            Assert.Equal(DiskReserve.Code, outcome.Error.Code);
            Assert.Equal(DiskReserve.Code, (await sandbox.CreateWorkspaceAsync(1L << 20, CancellationToken.None)).Error?.Code);
        }
        await Wait.UntilAsync(() => FreeBytes > Reserve, "all of it is back", 120);
        var after = await Host.GetAsync(steady);
        Assert.Equal((InstanceStates.Ready, before.Status.StartedAt), (after.State, after.Status.StartedAt));
    }

    private static bool IsRefusal(string? message, string part) =>
        message?.StartsWith("INSUFFICIENT_STORAGE: ", StringComparison.Ordinal) == true && message.Contains(part, StringComparison.Ordinal);
}

public sealed class OciFullDiskTests : FullDiskContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Oci;
}

public sealed class ProcessFullDiskTests : FullDiskContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Process;
}
