using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Log;

/// <summary>Which entities to list: those of one model that meet a condition, in order of their id.</summary>
public sealed record Scan
{
    /// <summary>Null: of every tenant, in order of tenant and id. Only the platform's own parts may ask so.</summary>
    public required TenantId? Tenant { get; init; }

    public required ModelKey Model { get; init; }

    /// <summary>Null: all.</summary>
    public Condition? Where { get; init; }

    /// <summary>As of when. Over every tenant only the latest and times are possible, not a revision.</summary>
    public AsOf AsOf { get; init; }

    /// <summary>Go on behind this entity: the cursor. Stable under writes, because ids do not change.</summary>
    public ScanPosition? After { get; init; }

    /// <summary>1 to <see cref="PageLimits.Max"/> results at most.</summary>
    public int Limit { get; init; } = PageLimits.Default;

    /// <summary>Documents of one page together: the page ends with the one that reaches it.</summary>
    public long BytesMax { get; init; } = PageSize.BytesDefault;

    /// <summary>
    /// The deleted ones instead of the living, each in the revision that deleted it. As of the latest only. For questions that are asked
    /// seldom: each deleted entity of the model is looked up in the log.
    /// </summary>
    public bool Deleted { get; init; }

    /// <summary>Newest id first.</summary>
    public bool Descending { get; init; }
}

/// <summary>The position of a scan.</summary>
public readonly record struct ScanPosition(TenantId Tenant, EntityId Id);
