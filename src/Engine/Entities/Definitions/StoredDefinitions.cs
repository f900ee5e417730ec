using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>
/// Users' models out of the log (see <see cref="StoredModel"/>), kept in memory. Changes by this server are seen at once, through
/// <see cref="Learn"/>; changes by other servers after <see cref="FreshFor"/> at most, when a cached model is read again. Safe for
/// concurrent use.
/// </summary>
public sealed class StoredDefinitions(IEntityLog log, TimeProvider time) : IDefinitions
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    /// <summary>Models kept in memory; past it, all are dropped and those in use are read again.</summary>
    public const int ModelsMax = 10_000;

    /// <summary>Places of the structures of these models, about 200 bytes each; past it as past <see cref="ModelsMax"/>.</summary>
    private const long PlacesMax = 1_000_000;

    private readonly ConcurrentDictionary<(TenantId, EntityId), Known> known = new();
    private long places;

    // The id is a hash of the name, which every create would compute again.
    private readonly ConcurrentDictionary<ModelKey, EntityId> ids = new();

    public async ValueTask<ModelDefinition?> FindAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        await KnowAsync(tenant, key, cancellationToken) is { Model: { } model } && model.Key == key ? model : null;

    /// <summary>Id of the project that a model belongs to, locked or not; null: to the organization, or there is no such model.</summary>
    public async ValueTask<string?> ProjectOfAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        (await KnowAsync(tenant, key, cancellationToken)).Project;

    public async ValueTask<Error> ExplainAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        await KnowAsync(tenant, key, cancellationToken) is { Exists: true }
            ? EngineErrors.ModelNotLocked(key) : EngineErrors.ModelNotFound(key);

    /// <summary>Takes note of a model's newest revision, deletion included; older ones are ignored.</summary>
    public void Learn(EntityRevision revision)
    {
        var next = Known.Of(revision, time.GetTimestamp());
        MakeRoom(next);
        known.AddOrUpdate((revision.Tenant, revision.Id), next, (_, present) => present.At > next.At ? present : next);
    }

    private async ValueTask<Known> KnowAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken)
    {
        var at = (tenant, IdOf(key));
        if (known.TryGetValue(at, out var present) && time.GetElapsedTime(present.ReadAt) < FreshFor) return present;
        return await ReadAsync(at, present, cancellationToken);
    }

    // Counts what is replaced twice, so it forgets too early rather than too late.
    private void MakeRoom(Known next)
    {
        if (Interlocked.Add(ref places, next.Places) <= PlacesMax && known.Count < ModelsMax) return;
        known.Clear();
        Interlocked.Exchange(ref places, next.Places);
    }

    private EntityId IdOf(ModelKey key)
    {
        if (ids.TryGetValue(key, out var id)) return id;
        if (ids.Count >= ModelsMax) ids.Clear();
        return ids[key] = StoredModel.IdOf(key);
    }

    // What was learned during the read is newer than its answer, even where the answer is "not found": hence the compare and swap.
    private async ValueTask<Known> ReadAsync((TenantId Tenant, EntityId Id) at, Known? present, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        var revision = await log.ReadAsync(at.Tenant, at.Id, AsOf.Latest, cancellationToken);
        var next = present is { Exists: true } && present.At == revision?.Revision
            ? present with { ReadAt = startedAt } : Known.Of(revision, startedAt);
        if (!next.Exists)
        {
            if (present is not null) known.TryRemove(new(at, present));
            return next; // names that exist nowhere take no memory
        }
        if (present is null || present.At != next.At) MakeRoom(next);
        if (present is null ? known.TryAdd(at, next) : known.TryUpdate(at, next, present)) return next;
        return known.TryGetValue(at, out var newer) ? newer : next;
    }

    /// <param name="At">The revision that was learned or read; None where a read found nothing.</param>
    /// <param name="Model">Null where the model does not exist or is not locked.</param>
    private sealed record Known(Revision At, bool Exists, ModelDefinition? Model, string? Project, long ReadAt)
    {
        public int Places => Model?.Check?.Places ?? 0;

        public static Known Of(EntityRevision? revision, long readAt)
        {
            var exists = revision is { Deleted: false } && revision.Model == StoredModel.Key;
            var model = exists && revision!.State == StoredModel.Locked ? ModelDocument.Read(revision.Document).ToDefinition() : null;
            var project = exists ? ModelDocument.ProjectOf(revision!.Document) : null;
            return new Known(revision?.Revision ?? Revision.None, exists, model, project, readAt);
        }
    }
}
