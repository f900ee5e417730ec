using Microsoft.Extensions.Logging;
using Strata.Runtimes;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// This machine as a place for builds and instances. Finding out what works here takes a moment, so it begins with the first part and is
/// waited for by those that need it. A stop without keeping the work ends every instance and takes the network away; the next start brings
/// both back.
/// </summary>
internal sealed class MachinePart(ServerOptions options, TimeProvider time, ILogger<NodeMachine> logger) : IPart
{
    private Task<NodeMachine>? opening;

    public string Name => "machine";

    /// <summary>Begins to look; the part's start waits for the end of it.</summary>
    public void Begin(CancellationToken cancellationToken) =>
        opening = Task.Run(() => NodeMachine.OpenAsync(options.Home.Root, RuntimeChoice.Auto, Settings, time, logger, cancellationToken),
            CancellationToken.None);

    private NodeMachineOptions Settings =>
        new() { EgressAllowed = options.EgressAllowed, DiskReserveBytes = options.Limits.DiskReserveBytes };

    public NodeMachine? Machine { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (opening is null) Begin(cancellationToken);
        Machine = await opening!;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => keepWork || Machine is null
        ? Task.CompletedTask : Machine.TearDownAsync(cancellationToken);

    public PartHealth Health() => Machine is null
        ? new PartHealth(false, "has not started")
        : Machine.Paths.Disk.IsShort
        ? new PartHealth(false, $"{Machine.Paths.Disk.Sentence} Uploads, builds and starts of instances are refused until there is more")
        : new PartHealth(
            true, Machine.Runtime.NotIsolated is { Count: > 0 }
                ? $"runtime {Machine.Runtime.Name}: {string.Join(" ", Machine.Runtime.NotIsolated)}"
                : $"runtime {Machine.Runtime.Name}, isolated");
}
