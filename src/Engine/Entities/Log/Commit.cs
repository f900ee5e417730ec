using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// What one transaction wants to append: all of it or nothing. Documents are already checked by <see cref="JsonGuard"/>; each entity
/// appears at most once among <see cref="Writes"/> and <see cref="Reads"/> together.
/// </summary>
public sealed record Commit
{
    /// <summary>Bound on writes and reads together; a larger transaction is refused before it reaches the log.</summary>
    public const int EntitiesMax = 10_000;

    public required TenantId Tenant { get; init; }

    /// <summary>
    /// No two commits of a tenant have the same id: a second one is answered with <see cref="AppendOutcome.AlreadyCommitted"/>.
    /// </summary>
    public required CommitId Id { get; init; }

    public required string By { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<EntityWrite> Writes { get; init; }

    /// <summary>Entities read and not written: the commit is refused if one has moved on since.</summary>
    public IReadOnlyList<EntityExpectation> Reads { get; init; } = [];

    /// <summary>Whether it writes what an import brings: entities of users' models, or the definition of one.</summary>
    public bool WritesUsersData
    {
        get
        {
            foreach (var write in Writes)
                if (ModelFilter.UsersAndDefinitions.Wants(write.Model)) return true;
            return false;
        }
    }

    /// <summary>
    /// The lease under which this is done: the commit is refused when the lease has gone to another holder. Null: under none.
    /// </summary>
    public Fence? Fence { get; init; }
}

/// <summary>One holder's term of a lease.</summary>
/// <param name="Lease">The lease's name.</param>
/// <param name="Epoch">Grows with each new holder, so the number of an earlier term never comes back.</param>
public readonly record struct Fence(string Lease, long Epoch);

/// <summary>The revision that an entity must still have; <see cref="Revision.None"/>: it must not exist.</summary>
public readonly record struct EntityExpectation(EntityId Id, Revision Expected);

/// <summary>One entity's next revision.</summary>
public sealed record EntityWrite
{
    public required EntityId Id { get; init; }
    public required ModelKey Model { get; init; }

    /// <summary>The revision it must still have; None: it must not exist.</summary>
    public required Revision Expected { get; init; }

    public required string State { get; init; }
    public required JsonText Document { get; init; }

    /// <summary>Removes the entity from the heads; its history stays.</summary>
    public bool Delete { get; init; }

    public string? Transition { get; init; }
    public IReadOnlyList<AuditEvent> Audit { get; init; } = [];

    /// <summary>All unique keys that the entity holds from now on. Null: as before. A deletion releases them.</summary>
    public IReadOnlyList<UniqueClaim>? Claims { get; init; }

    /// <summary>All scheduled transitions armed from now on. Null: as before. A deletion disarms them.</summary>
    public IReadOnlyList<ScheduledTransition>? Schedules { get; init; }
}

/// <summary>One unique key's value, unique among the entities of one model (all versions) in one tenant; compared byte for byte.</summary>
/// <param name="Key">The key's name in the model.</param>
/// <param name="Value">Canonical text of its fields, at most 1,024 bytes in UTF-8.</param>
public readonly record struct UniqueClaim(string Key, string Value)
{
    public const int ValueBytesMax = 1024;
}

/// <summary>A transition that the engine fires automatically.</summary>
/// <param name="ExpiresAt">Not fired after this time but recorded as expired; null: never expires.</param>
public sealed record ScheduledTransition(string Transition, DateTimeOffset DueAt, DateTimeOffset? ExpiresAt = null);

/// <summary>A scheduled transition that is due.</summary>
public sealed record DueTransition(TenantId Tenant, EntityId Id, ScheduledTransition Schedule);
