namespace Strata.Server.Parts;

/// <summary>A step of the start that leaves nothing running.</summary>
internal sealed class ActionPart(string name, Func<CancellationToken, Task> start) : IPart
{
    private volatile bool isDone;

    public string Name => name;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await start(cancellationToken);
        isDone = true;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    public PartHealth Health() => new(isDone, isDone ? "done" : "has not run");
}
