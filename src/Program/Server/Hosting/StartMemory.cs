using Strata.Core.Background;

namespace Strata.Server.Hosting;

/// <summary>
/// Gives back to the system what only the start needed: some 10 MB that the collector would otherwise keep until the next full collection,
/// which on an idle cloud may never come.
/// </summary>
internal static class StartMemory
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(10);

    public static void ReturnOnce(Supervisor supervisor, TimeProvider time) => supervisor.StartUntilDone(
        "start-memory",
        async (_, cancellationToken) =>
        {
            await Task.Delay(Delay, time, cancellationToken);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        });
}
