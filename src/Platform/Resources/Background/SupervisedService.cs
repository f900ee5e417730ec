using Microsoft.Extensions.Hosting;
using Strata.Core.Background;

namespace Strata.Resources.Background;

/// <summary>
/// A hosted service under the process's <see cref="Supervisor"/>. Takes the place of <c>BackgroundService</c>, whose unhandled exceptions
/// either stop the whole host or are lost.
/// </summary>
/// <param name="name">As in <see cref="Supervisor.Start(string, Func{CancellationToken, Task})"/>.</param>
public abstract class SupervisedService(Supervisor supervisor, string name) : IHostedService
{
    private SupervisedWork? work;

    protected string Name { get; } = name;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        work = supervisor.Start(Name, ExecuteAsync);
        return Task.CompletedTask;
    }

    public virtual Task StopAsync(CancellationToken cancellationToken) => work?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Runs until stopped; called again after each failure.</summary>
    /// <param name="work">To report success, or failures that are handled here.</param>
    protected abstract Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken);
}
