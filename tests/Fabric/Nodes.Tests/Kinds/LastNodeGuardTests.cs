using Strata.Api.Auth;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Nodes.Tests.Kinds;

public sealed class LastNodeGuardTests
{
    private static readonly Caller Caller = new(TenantId.Platform, "test");
    private static readonly Principal Operator = new() { Tenant = TenantId.Platform, Actor = "user:operator", Grants = [] };

    private readonly MemoryLog log;
    private readonly EntityEngine engine;
    private readonly ResourceStore<NodeSpec, NodeStatus> nodes;

    public LastNodeGuardTests()
    {
        var time = new FakeTime();
        log = new MemoryLog(time);
        engine = new EntityEngine(log, new StaticDefinitions([NodeKinds.Node.Definition]), new InProcessComputation([], []), time);
        nodes = new ResourceStore<NodeSpec, NodeStatus>(engine, NodeKinds.Node, time);
    }

    [Fact]
    public async Task Check_LastNodeThatIsUp_IsRefusedWithTheWayToDoItAnyway()
    {
        var last = await RegisterAsync("a");
        await DownAsync(await RegisterAsync("b"));
        var refused = (await CheckAsync(last))!;
        Assert.Equal("LAST_NODE", refused.Code);
        Assert.Contains("strata delete node/a --force", refused.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NodeBesideAnotherThatIsUp_OrOneThatIsDown_MayBeDeleted()
    {
        var (one, _) = (await RegisterAsync("a"), await RegisterAsync("b"));
        Assert.Null(await CheckAsync(one));
        await DownAsync(one);
        Assert.Null(await CheckAsync(one));
    }

    private async Task<string> RegisterAsync(string name) =>
        (await nodes.CreateAsync(Caller, new NewResource<NodeSpec> { Name = name, Spec = new() }, null, default)).Value.Id;

    private async Task DownAsync(string id) => Assert.True((await nodes.ChangeAsync(Caller, id, x => x, "down", null, default)).IsOk);

    private async Task<Error?> CheckAsync(string id)
    {
        var revision = (await log.ReadAsync(TenantId.Platform, NodeKinds.Node.EntityOf(id), AsOf.Latest, default))!;
        if (new LastNodeGuard(nodes).CheckOf(Operator, revision) is not { } check) return null;
        Error? found = null;
        await engine.TransactAsync(Caller, async (transaction, ct) => found = await check(transaction, ct), default);
        return found;
    }
}
