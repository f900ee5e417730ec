using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>What bounds the engine. Immutable.</summary>
public sealed record EngineLimits
{
    public static readonly EngineLimits Default = new();

    /// <summary>Of one entity's document, as UTF-8 text.</summary>
    public int DocumentBytesMax { get; init; } = 10 << 20;

    /// <summary>Entities that one transaction reads and writes; at most <see cref="Commit.EntitiesMax"/>.</summary>
    public int TransactionEntitiesMax { get; init; } = 1_000;

    /// <summary>Documents that one transaction has written, together.</summary>
    public long TransactionBytesMax { get; init; } = 64L << 20;

    /// <summary>From a transaction's begin to its commit.</summary>
    public TimeSpan TransactionLifetime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a change is tried in all when the entity keeps moving on underneath it.</summary>
    public int ConflictTriesMax { get; init; } = 6;
}
