using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Forgets superseded revisions. Of an entity only the oldest go, never one in the middle: whatever is still found as of a time was truly
/// current then. What was current at the horizon stays, and so does everything since: reads as of the horizon or later answer as before.
/// Safe for concurrent use.
/// </summary>
public interface IRetention
{
    /// <summary>Entities that one call examines, at most.</summary>
    public const int EntitiesMax = 1_000;

    /// <summary>How many revisions <see cref="DropAsync"/> would drop.</summary>
    ValueTask<SupersededPage> CountAsync(Superseded superseded, CancellationToken cancellationToken);

    /// <summary>
    /// Drops the oldest of them, with their audit events. What was done is done, also where the caller breaks off between pages.
    /// </summary>
    ValueTask<SupersededPage> DropAsync(Superseded superseded, CancellationToken cancellationToken);
}

/// <summary>
/// Revisions of one model's entities, the deleted ones included, each of which was followed by another one at <see cref="Horizon"/> or
/// before. An entity that followed another model by then, because it was migrated, is skipped: that model's reads of the past need it.
/// </summary>
public sealed record Superseded
{
    /// <summary>Revisions of one page at most.</summary>
    public const int LimitMax = 1_000;

    public required TenantId Tenant { get; init; }
    public required ModelKey Model { get; init; }
    public required DateTimeOffset Horizon { get; init; }

    /// <summary>Go on behind this entity; null: from the first.</summary>
    public EntityId? After { get; init; }

    public int Limit { get; init; } = LimitMax;
}

/// <param name="Revisions">How many this page was about.</param>
/// <param name="IsLast">There is nothing behind it.</param>
/// <param name="Next">Where to continue.</param>
public readonly record struct SupersededPage(int Revisions, bool IsLast, EntityId? Next);
