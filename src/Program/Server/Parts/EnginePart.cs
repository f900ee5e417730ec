using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.Resources.Kinds;
using Strata.Resources.Versions;

namespace Strata.Server.Parts;

/// <summary>The entity engine over the log, with the platform's own models and the users'.</summary>
/// <param name="serverId">Of this server; it is in the tokens of transactions that members join.</param>
internal sealed partial class EnginePart(
    StoragePart storage, IReadOnlyList<Kind> kinds, IComputation computation, EngineLimits limits, string serverId, TimeProvider time,
    ILogger<EnginePart> logger)
    : IPart
{
    private EntityEngine? engine;

    public string Name => "engine";

    /// <summary>Set once it has started.</summary>
    public EntityEngine Engine => engine ?? throw new InvalidOperationException("The engine has not started.");

    /// <summary>The log with every kind's documents in their present version. Set once it has started.</summary>
    public IEntityLog Log => Engine.Log;

    public KindVersions Versions { get; } = new(kinds);

    public StoredDefinitions? Models { get; private set; }

    /// <summary>Users' models. Set once it has started.</summary>
    public ModelCatalog Catalog => new(Engine, Models!);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var log = Versions.Over(storage.Store.Log, (revision, why) => Engine.Unreadable.Add(revision, why));
        Models = new StoredDefinitions(log, time);
        var definitions = new CompositeDefinitions(
            new StaticDefinitions([.. kinds.Select(k => k.Definition), StoredModel.Definition]), Models);
        engine = new EntityEngine(log, definitions, computation, time, limits, serverId);
        engine.Unreadable.Found += (revision, why) =>
            LogUnreadable(logger, revision.Model.Name, revision.Id, revision.Tenant, revision.Revision, why);
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A document that cannot be read is reported and is not an error of the engine.</summary>
    public PartHealth Health() => engine switch
    {
        null => new PartHealth(false, "has not started"),
        { Unreadable.Count: 0 } => new PartHealth(true, $"{kinds.Count} kinds"),
        _ => new PartHealth(
            true, $"{kinds.Count} kinds; {engine.Unreadable.Count} documents cannot be read and are left out of listings: the log names each"),
    };

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Model} {Entity} of {Tenant} at revision {Revision} cannot be read and is left out of listings")]
    private static partial void LogUnreadable(
        ILogger logger, string model, EntityId entity, TenantId tenant, Revision revision, Exception why);
}
