using System.Globalization;
using System.Runtime.CompilerServices;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>
/// Deletes the entities of a model that met a condition at one moment, in transactions of a page each. The moment is fixed at the start, so
/// that what others create meanwhile is neither deleted nor keeps it from ending. When it is the present, an entity that has changed since
/// is deleted only if it still meets the condition; when it is a time of the past, whatever became of it.
/// </summary>
internal sealed class ModelDeletion(EntityEngine engine, ModelTarget target, Condition? condition, int size, DateTimeOffset? pointInTime)
{
    private static readonly Error NoLonger = new(ErrorKind.NotFound, "ENTITY_NOT_FOUND", "The entity no longer meets the condition.");

    public ModelKey Model => target.Model;

    /// <summary>Throws <see cref="StrataException"/> when it cannot continue; what was committed before stays.</summary>
    public async IAsyncEnumerable<DeletedPage> RunAsync(KeyedRequest? keyed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var moment = await MomentAsync(keyed, cancellationToken);
        var scan = new Scan
        {
            Tenant = target.Caller.Tenant,
            Model = target.Model,
            Where = condition,
            AsOf = pointInTime is { } then ? AsOf.At(then) : AsOf.At(moment),
            Limit = size,
        };
        var part = 0;
        await foreach (var page in engine.Log.BoundedPagesAsync(scan, cancellationToken))
            yield return await DeleteAsync(page, keyed, part++, moment, cancellationToken);
    }

    /// <summary>
    /// The log's revision at which the request began: when it is sent again, the one that its first written part recorded.
    /// </summary>
    private async ValueTask<Revision> MomentAsync(KeyedRequest? keyed, CancellationToken cancellationToken)
    {
        if (keyed is not null && (await keyed.WrittenAsync(0, cancellationToken)).Value is { IsThere: true, Note: { } note })
            return new Revision(long.Parse(note, CultureInfo.InvariantCulture));
        return await engine.Log.HeadAsync(target.Caller.Tenant, cancellationToken);
    }

    private async ValueTask<DeletedPage> DeleteAsync(
        IReadOnlyList<EntityRevision> page, KeyedRequest? keyed, int part, Revision moment, CancellationToken cancellationToken)
    {
        if (await WrittenAsync(page, keyed, part, moment, cancellationToken) is { } before) return before;
        var caller = target.Caller with { Request = keyed?.Part(part, moment.ToString()) };
        var left = page.ToList();
        var errors = new Dictionary<EntityId, Error>();
        while (left.Count > 0)
        {
            var written = await engine.TransactAsync(caller, (transaction, ct) => DeleteAsync(transaction, left, ct), cancellationToken);
            if (written.TryGet(out var deleted, out var error)) return new DeletedPage(page.Count, [.. deleted.Select(d => d.Id)], errors);
            if (await WrittenAsync(page, keyed, part, moment, cancellationToken) is { } meanwhile) return meanwhile;
            if (left.FindIndex(e => e.Id.ToString() == error.Details?.GetValueOrDefault("entityId")) is not (>= 0 and var busy))
                throw error.ToException();
            errors[left[busy].Id] = error;
            left.RemoveAt(busy);
        }
        return new DeletedPage(page.Count, [], errors);
    }

    /// <summary>What this part has deleted already, in this attempt or another; null: nothing.</summary>
    private static async ValueTask<DeletedPage?> WrittenAsync(
        IReadOnlyList<EntityRevision> page, KeyedRequest? keyed, int part, Revision moment, CancellationToken cancellationToken)
    {
        if (keyed is null) return null;
        if (!(await keyed.WrittenAsync(part, cancellationToken)).TryGet(out var before, out var conflict)) throw conflict.ToException();
        // of another moment, so its pages are others
        if (before.IsThere && before.Note != moment.ToString()) throw Idempotency.InProgress.ToException();
        return before.IsThere
            ? new DeletedPage(page.Count, [.. before.Revisions.Select(r => r.Id)], new Dictionary<EntityId, Error>()) : null;
    }

    private async ValueTask<Error?> DeleteAsync(
        EntityTransaction transaction, List<EntityRevision> entities, CancellationToken cancellationToken)
    {
        foreach (var entity in entities)
        {
            var deleted = await transaction.DeleteAsync(entity.Id, current => Check(entity, current), cancellationToken);
            if (deleted.Error is { Kind: not ErrorKind.NotFound } error) return error;
        }
        return null;
    }

    private Error? Check(EntityRevision found, EntityRevision current)
    {
        if (current.Revision == found.Revision) return null;
        if (current.Model != found.Model) return NoLonger;
        return pointInTime is not null || condition is null || ConditionEvaluator.Matches(condition, current) ? null : NoLonger;
    }
}

/// <summary>What became of one page of entities.</summary>
/// <param name="Matched">How many met the condition.</param>
internal sealed record DeletedPage(int Matched, IReadOnlyList<EntityId> Deleted, IReadOnlyDictionary<EntityId, Error> Errors);
