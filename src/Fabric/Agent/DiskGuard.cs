using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>
/// Keeps the reserve of the disk free while instances write: their layers are sparse and grow as they are written. Below half of the
/// reserve the instance that uses the most disk is stopped, one at a time, until there is room again. Never the platform, and never an
/// instance that uses too little to matter: then others fill the disk. Invariant: costs one system call a look; sizes are counted only when
/// the disk is nearly full.
/// </summary>
internal sealed class DiskGuard(NodeMachine machine, InstanceSet instances, TimeProvider time, ILogger logger)
{
    /// <summary>Stopping one that uses less gains nothing.</summary>
    public const long BytesMin = 16L << 20;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>When there is less than twice the reserve: a fast disk takes hundreds of MiB in a second.</summary>
    private static readonly TimeSpan NearPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>A run that was stopped has its files taken away within this; then the next is chosen.</summary>
    private static readonly TimeSpan FreedWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan NobodyPause = TimeSpan.FromSeconds(10);

    public async Task RunAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        var disk = machine.Paths.Disk;
        while (true)
        {
            if (disk.IsBelow(DiskReserve.InstanceShare)) await RelieveAsync(cancellationToken);
            work.Succeeded();
            await Task.Delay(disk.IsBelow(2) ? NearPeriod : Period, time, cancellationToken);
        }
    }

    private async Task RelieveAsync(CancellationToken cancellationToken)
    {
        if (await LargestAsync(cancellationToken) is not var (id, bytes) || !instances.Evict(id, AgentMessages.Evicted(bytes)))
        {
            logger.NobodyToEvict(machine.Paths.Disk.Sentence);
            await Task.Delay(NobodyPause, time, cancellationToken);
            return;
        }
        var end = time.GetUtcNow() + FreedWithin;
        while (machine.Runtime.Find(id) is not null && time.GetUtcNow() < end) await Task.Delay(NearPeriod, time, cancellationToken);
    }

    /// <summary>Blocks on the disk, not sizes: layers are sparse. What a run mounted for itself is seen by its image only.</summary>
    private async Task<(string Id, long Bytes)?> LargestAsync(CancellationToken cancellationToken)
    {
        var folders = machine.Runtime.List().Select(run => Path.Combine(machine.Paths.Runs, run.Id)).ToArray();
        if (folders.Length == 0) return null;
        var counted = await HostCommand.RunAsync("du", ["-skx", "--", .. folders], cancellationToken);
        var largest = counted.Output.Split('\n').Select(Parse).MaxBy(run => run.Bytes);
        return largest.Bytes >= BytesMin ? largest : null;
    }

    private static (string Id, long Bytes) Parse(string line) =>
        line.Split('\t') is [var kib, var path] && long.TryParse(kib, CultureInfo.InvariantCulture, out var count)
        ? (Path.GetFileName(path), count << 10)
        : ("", 0);
}
