using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Workflows;
using Strata.Resources.Kinds;

namespace Strata.Server.Parts;

/// <summary>The entity engine over the log, with the platform's own models and the users'.</summary>
internal sealed class EnginePart(StoragePart storage, IReadOnlyList<Kind> kinds, IComputation computation, EngineLimits limits, TimeProvider time) : IPart
{
    private EntityEngine? engine;

    public string Name => "engine";

    /// <summary>Set once it has started.</summary>
    public EntityEngine Engine => engine ?? throw new InvalidOperationException("The engine has not started.");

    public StoredDefinitions? Models { get; private set; }

    /// <summary>Users' models. Set once it has started.</summary>
    public ModelCatalog Catalog => new(Engine, Models!);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Models = new StoredDefinitions(storage.Store.Log, time);
        var definitions = new CompositeDefinitions(new StaticDefinitions([.. kinds.Select(k => k.Definition), StoredModel.Definition]), Models);
        engine = new EntityEngine(storage.Store.Log, definitions, computation, time, limits);
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    public PartHealth Health() => new(engine is not null, $"{kinds.Count} kinds");
}
