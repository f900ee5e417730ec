using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Migration;

/// <summary>What is to be done.</summary>
/// <param name="BatchSize">Entities of one transaction.</param>
internal sealed record MigrationPlan(Caller Caller, ModelKey From, ModelKey To, EntityMapping Mapping, int BatchSize, bool DryRun);

/// <summary>One entity that could not be moved.</summary>
internal sealed record MigrationFailure(EntityId Entity, Error Error);

/// <summary>
/// Moves the entities of a model to another version of it, a batch to a transaction. An entity that was moved is of the other version, so
/// that an interrupted migration continues when it is requested again; one that does not fit stays unchanged and is reported. A dry run
/// does everything but commit.
/// </summary>
internal sealed class Migrator(EntityEngine engine, MigrationPlan plan)
{
    public const int FailuresMax = 100;

    private const int TriesMax = 3;

    private readonly List<MigrationFailure> failures = [];

    public long Seen { get; private set; }

    public long Moved { get; private set; }

    public long Failed { get; private set; }

    /// <summary>The first <see cref="FailuresMax"/>.</summary>
    public IReadOnlyList<MigrationFailure> Failures => failures;

    /// <param name="progress">Called after each batch.</param>
    public async Task RunAsync(Func<Task> progress, CancellationToken cancellationToken)
    {
        var scan = new Scan { Tenant = plan.Caller.Tenant, Model = plan.From, Limit = plan.BatchSize };
        for (var page = await engine.Log.ScanAsync(scan, cancellationToken); page.Count > 0; page = await engine.Log.ScanAsync(
            scan, cancellationToken))
        {
            Seen += page.Count;
            await MoveAsync([.. page.Select(e => e.Id)], cancellationToken);
            await progress();
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id) };
        }
    }

    /// <summary>All of them in one transaction; if that is refused, each in its own, so that one does not hold up the others.</summary>
    private async Task MoveAsync(IReadOnlyList<EntityId> ids, CancellationToken cancellationToken)
    {
        if (await TryMoveAsync(ids, cancellationToken) is not { } refused) return;
        if (ids.Count == 1) Fail(ids[0], refused);
        else foreach (var id in ids) await MoveAsync([id], cancellationToken);
    }

    /// <returns>Why the commit was refused; null where it was not.</returns>
    private async Task<Error?> TryMoveAsync(IReadOnlyList<EntityId> ids, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var unfit = new List<MigrationFailure>();
            var fitting = await FindFittingAsync(ids, unfit, cancellationToken);
            var error = fitting.Count == 0 || plan.DryRun ? null : await CommitAsync(fitting, cancellationToken);
            if (error is { Retryable: true } && tries < TriesMax) continue;
            if (error is not null) return error;
            Moved += fitting.Count;
            foreach (var one in unfit) Fail(one.Entity, one.Error);
            return null;
        }
    }

    /// <summary>Tries them in a transaction that is discarded.</summary>
    private async Task<List<EntityId>> FindFittingAsync(
        IReadOnlyList<EntityId> ids, List<MigrationFailure> unfit, CancellationToken cancellationToken)
    {
        var fitting = new List<EntityId>();
        var trial = await engine.BeginAsync(plan.Caller, cancellationToken);
        foreach (var id in ids)
        {
            var moved = await MoveAsync(trial, id, cancellationToken);
            if (moved.IsOk) fitting.Add(id);
            // one that is gone needs no move
            else if (moved.Error.Code != "ENTITY_NOT_FOUND") unfit.Add(new MigrationFailure(id, moved.Error));
        }
        return fitting;
    }

    private async Task<Error?> CommitAsync(List<EntityId> ids, CancellationToken cancellationToken)
    {
        var transaction = await engine.BeginAsync(plan.Caller, cancellationToken);
        foreach (var id in ids)
        {
            var moved = await MoveAsync(transaction, id, cancellationToken);
            if (!moved.IsOk) return moved.Error;
        }
        return (await transaction.CommitAsync(cancellationToken)).Error;
    }

    private ValueTask<Result<EntityRevision>> MoveAsync(EntityTransaction transaction, EntityId id, CancellationToken cancellationToken) =>
        transaction.MoveAsync(id, plan.From, plan.To, entity => plan.Mapping.Apply(entity.Document), cancellationToken);

    private void Fail(EntityId id, Error error)
    {
        Failed++;
        if (failures.Count < FailuresMax) failures.Add(new MigrationFailure(id, error));
    }
}
