using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Controllers;

/// <summary>A controller whose look a test writes.</summary>
internal sealed class LampController(Func<Resource<LampSpec, LampStatus>, CancellationToken, Task<TimeSpan?>> look)
    : Controller<LampSpec, LampStatus>
{
    private readonly ConcurrentDictionary<string, int> running = new();

    public Caller CallerOf(TenantId tenant) => CallerIn(tenant);

    public override string Name => "lamps";
    public override Kind<LampSpec, LampStatus> Kind => LampKind.Kind;
    public override TimeSpan Period => LookEvery;
    public override int Parallelism => 4;

    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMinutes(10);
    public ConcurrentQueue<string> Looks { get; } = new();
    public ConcurrentBag<string> LookedAtTwiceAtOnce { get; } = [];
    public int MostAtOnce { get; private set; }

    public int CountOf(string name) => Looks.Count(n => n == name);

    public override async Task<TimeSpan?> ReconcileAsync(Resource<LampSpec, LampStatus> resource, CancellationToken cancellationToken)
    {
        Looks.Enqueue(resource.Name);
        if (!running.TryAdd(resource.Name, 0)) LookedAtTwiceAtOnce.Add(resource.Name);
        MostAtOnce = Math.Max(MostAtOnce, running.Count);
        try
        {
            return await look(resource, cancellationToken);
        }
        finally
        {
            running.TryRemove(resource.Name, out _);
        }
    }
}
