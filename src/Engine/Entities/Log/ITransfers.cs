using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Moves a tenant's history from one store to another unchanged: ids, commits, times and authors stay. An import is staged, invisible to
/// readers, and then published whole in one transaction. Staging the same again changes nothing, so that an interrupted import can
/// continue. One import of a tenant at a time, under a lease: every write carries its fence and changes nothing once the lease has gone to
/// another holder. Safe for concurrent use.
/// </summary>
public interface ITransfers
{
    /// <summary>The unique keys that users' entities hold now, in the order of their cursors.</summary>
    ValueTask<IReadOnlyList<HeldClaim>> ClaimsAsync(TenantId tenant, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>The scheduled transitions that are armed now, in the order of their cursors.</summary>
    ValueTask<IReadOnlyList<HeldSchedule>> SchedulesAsync(TenantId tenant, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Tenants that were closed until a time before this one and neither opened nor published since, in the order of their ids, behind
    /// <paramref name="after"/>.
    /// </summary>
    ValueTask<IReadOnlyList<TenantId>> ExpiredAsync(DateTimeOffset before, TenantId? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Closes the tenant to commits that write users' data (<see cref="AppendOutcome.Importing"/>) until then, or until a history is
    /// published or <see cref="OpenAsync"/>. Never shortens how long it is closed already. Commits of the platform's own resources are
    /// accepted still: they do not get in the way of a history. Nothing that was accepted before is unseen from then on.
    /// </summary>
    /// <returns>False where the lease has gone to another holder: nothing has changed.</returns>
    ValueTask<bool> CloseAsync(TenantId tenant, DateTimeOffset until, Fence fence, CancellationToken cancellationToken);

    /// <summary>Takes back <see cref="CloseAsync"/>.</summary>
    /// <returns>False where the lease has gone to another holder: nothing has changed.</returns>
    ValueTask<bool> OpenAsync(TenantId tenant, Fence fence, CancellationToken cancellationToken);

    /// <returns>False where the lease has gone to another holder.</returns>
    ValueTask<bool> StageAsync(TenantId tenant, HistoryPart part, Fence fence, CancellationToken cancellationToken);

    /// <summary>What is staged, with audit events, whole commits only, page by page; empty behind the last.</summary>
    ValueTask<FollowPage> StagedAsync(TenantId tenant, Revision after, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets the staged claims and schedules; with <paramref name="revisions"/> all that is staged.</summary>
    /// <returns>False where the lease has gone to another holder: nothing was removed.</returns>
    ValueTask<bool> UnstageAsync(TenantId tenant, bool revisions, Fence fence, CancellationToken cancellationToken);

    /// <summary>Whether the tenant holds nothing of its users: no entity and no model, not even a deleted one.</summary>
    ValueTask<bool> IsEmptyAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>
    /// Puts all that is staged into the tenant's log, or nothing. A staged revision r becomes r behind where the log ended, which is
    /// <paramref name="head"/> longer from then on; numbers that nothing staged has stay empty. Imported commits keep their times, which
    /// may be before those of the tenant's own first resources.
    /// </summary>
    /// <remarks>The tenant is closed to writes of users' data from before the check that it is empty until the end.</remarks>
    /// <param name="mark">Of the end: written in the same transaction, so that a crash right after it does not leave a published import
    /// that counts as unfinished.</param>
    ValueTask<PublishOutcome> PublishAsync(
        TenantId tenant, Revision head, Func<Revision, DurableValue> mark, Fence fence, CancellationToken cancellationToken);
}

/// <summary>What became of a history that was to be published.</summary>
public abstract record PublishOutcome
{
    private PublishOutcome()
    {
    }

    /// <param name="End">Where the log ended before.</param>
    public sealed record Published(Revision End) : PublishOutcome;

    /// <summary>The tenant is not empty; nothing has changed.</summary>
    public sealed record NotEmpty : PublishOutcome;

    /// <summary>The lease has gone to another holder; nothing that anyone sees has changed.</summary>
    public sealed record Fenced : PublishOutcome;
}

/// <summary>Some of a history: revisions in order, each commit whole.</summary>
public sealed record HistoryPart
{
    public IReadOnlyList<EntityRevision> Revisions { get; init; } = [];
    public IReadOnlyList<HeldClaim> Claims { get; init; } = [];
    public IReadOnlyList<HeldSchedule> Schedules { get; init; } = [];
}

/// <summary>A unique key's value and who holds it.</summary>
public sealed record HeldClaim(string Cursor, EntityId Entity, string Model, UniqueClaim Claim);

/// <summary>A scheduled transition and the revision that armed it.</summary>
public sealed record HeldSchedule(string Cursor, EntityId Entity, Revision Revision, ScheduledTransition Schedule);
