namespace Strata.Server.Parts;

/// <summary>A step of the start that leaves nothing running.</summary>
internal sealed class ActionPart(string name, Func<CancellationToken, Task> start) : IPart
{
    public string Name => name;

    public Task StartAsync(CancellationToken cancellationToken) => start(cancellationToken);

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    public PartHealth Health() => new(true, "done");
}
