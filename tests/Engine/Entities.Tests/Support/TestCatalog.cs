using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Storage.Memory;

namespace Strata.Entities.Tests.Support;

/// <summary>An engine over a log in memory whose models are what users import.</summary>
internal sealed class TestCatalog
{
    public TestCatalog(TimeProvider? time = null, IEntityLog? log = null)
    {
        time ??= TimeProvider.System;
        Log = log ?? new MemoryLog(time);
        Definitions = new StoredDefinitions(Log, time);
        Engine = new EntityEngine(Log, new CompositeDefinitions(new StaticDefinitions([]), Definitions), Computation, time);
        Catalog = new ModelCatalog(Engine, Definitions);
    }

    public IEntityLog Log { get; }
    public StoredDefinitions Definitions { get; }
    public EntityEngine Engine { get; }
    public ModelCatalog Catalog { get; }
    public FakeComputation Computation { get; } = new();

    public async Task<Result<ModelInfo>> ImportAsync(string sample, ModelKey? key = null) =>
        await Catalog.ImportAsync(Some.Caller, key ?? Some.Model, ModelConverter.SampleData, Some.Json(sample), default);

    public async Task<ModelInfo> LockedAsync(string sample = "{}")
    {
        Assert.True((await ImportAsync(sample)).IsOk);
        return (await Catalog.LockAsync(Some.Caller, Some.Model, default)).Value;
    }

    public async Task<Result<EntityRevision>> CreateAsync(string document = "{}") =>
        await Engine.CreateAsync(Some.Caller, Some.Model, EntityId.New(TimeProvider.System), Some.Json(document), null, default);

    public async Task<Result<ModelInfo>> ImportWorkflowsAsync(string body) =>
        await Catalog.ImportWorkflowsAsync(Some.Caller, Some.Model, Some.Json(body), default);
}
