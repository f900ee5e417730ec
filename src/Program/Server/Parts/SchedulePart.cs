using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Core.Sharing;
using Strata.Entities.Engine;

namespace Strata.Server.Parts;

/// <summary>Fires the scheduled transitions of entities, on one server of the cloud at a time.</summary>
internal sealed class SchedulePart(StoragePart storage, EnginePart engine, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers)
    : IPart, IShareReport
{
    private ScheduleRunner? runner;
    private SupervisedWork? work;

    public string Name => "schedules";

    public IEnumerable<ShareUse> Shares => runner?.Shares ?? [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        runner = new ScheduleRunner(
            engine.Engine, storage.Store.Leases, time, loggers.CreateLogger<ScheduleRunner>(), new ScheduleOptions());
        work = supervisor.Start(Name, runner.RunAsync);
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => work?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public PartHealth Health() => PartHealth.Of(work, "fires scheduled transitions");
}
