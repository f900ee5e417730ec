using Microsoft.Extensions.Logging;
using Strata.Entities.Engine;

namespace Strata.Server.Parts;

/// <summary>Fires the scheduled transitions of entities, on one server of the cloud at a time.</summary>
internal sealed class SchedulePart(StoragePart storage, EnginePart engine, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    public string Name => "schedules";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var runner = new ScheduleRunner(engine.Engine, storage.Store.Leases, time, loggers.CreateLogger<ScheduleRunner>());
        running = Task.Run(() => runner.RunAsync(stop.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        await stop.CancelAsync();
        await running.WaitAsync(cancellationToken);
    }

    public PartHealth Health() => new(!running.IsCompleted, running.IsCompleted ? "scheduled transitions are not fired" : "fires scheduled transitions");
}
