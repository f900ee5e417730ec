using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.Storage.Memory;

namespace Strata.Entities.Tests.Support;

/// <summary>An engine over a log in memory with one model, <see cref="Some.Model"/>.</summary>
internal sealed class TestEngine
{
    private readonly TimeProvider time;

    public TestEngine(
        string? workflow = null, TimeProvider? time = null, IReadOnlyList<UniqueKeyDefinition>? keys = null, EngineLimits? limits = null,
        MemoryLog? log = null, params IReadOnlyList<string> more)
    {
        this.time = time ?? TimeProvider.System;
        Log = log ?? new MemoryLog(this.time);
        Counted = new CountingLog(Log);
        Model = new ModelDefinition
        {
            Key = Some.Model,
            Workflows = [.. more.Prepend(workflow).OfType<string>()
                .Select(json => WorkflowJson.Parse(JsonText.FromString(json), allowCycles: true).Value)],
            UniqueKeys = keys ?? [],
        };
        Computation = new FakeComputation();
        Engine = new EntityEngine(Counted, new StaticDefinitions([Model]), Computation, this.time, limits);
    }

    public MemoryLog Log { get; }
    public CountingLog Counted { get; }
    public ModelDefinition Model { get; }
    public FakeComputation Computation { get; }
    public EntityEngine Engine { get; }

    public EntityId NewId() => EntityId.New(time);

    public async Task<Result<EntityRevision>> CreateAsync(string document = "{}", string? transition = null, EntityId? id = null) =>
        await Engine.CreateAsync(Some.Caller, Some.Model, id ?? NewId(), Some.Json(document), transition, default);

    public async Task<Result<EntityRevision>> UpdateAsync(
        EntityId id, string document, string? transition = null, Revision? ifMatch = null) =>
        await Engine.UpdateAsync(Some.Caller, null, id, _ => Some.Json(document), transition, ifMatch, default);

    public async Task<Result<EntityRevision>> TakeAsync(EntityId id, string? transition) =>
        await Engine.UpdateAsync(Some.Caller, null, id, current => current.Document, transition, null, default);

    public async Task<EntityRevision?> ReadAsync(EntityId id) => await Log.ReadAsync(Some.Tenant, id, AsOf.Latest, default);

    public async Task<IReadOnlyList<EntityRevision>> HistoryAsync(EntityId id) =>
        await Log.HistoryAsync(Some.Tenant, id, null, 100, default);
}
