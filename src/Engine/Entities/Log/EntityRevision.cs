using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>One entity as one commit left it. Immutable; a deletion is a revision too, with the last document and state kept.</summary>
public sealed record EntityRevision
{
    public required TenantId Tenant { get; init; }
    public required EntityId Id { get; init; }
    public required ModelKey Model { get; init; }

    /// <summary>The commit that wrote it, as a position in the tenant's log.</summary>
    public required Revision Revision { get; init; }

    public required CommitId Commit { get; init; }
    public required string State { get; init; }
    public required JsonText Document { get; init; }

    /// <summary>When the entity's first revision was committed.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When this revision was committed; never decreases along a tenant's log.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>The principal that caused it, for example <c>user:jane</c> or <c>controller:rollout</c>.</summary>
    public required string ChangedBy { get; init; }

    /// <summary>The transition asked for; <c>loopback</c> for a plain update, null on create without one.</summary>
    public string? Transition { get; init; }

    public bool Deleted { get; init; }

    /// <summary>What the workflow did in this commit; empty where the read did not ask for it.</summary>
    public IReadOnlyList<AuditEvent> Audit { get; init; } = [];
}
