namespace Strata.Client;

/// <summary>An entity of one of your models.</summary>
/// <param name="Data">Its document; members that the type does not have are ignored.</param>
public sealed record Entity<T>(T Data, EntityMeta Meta);

/// <summary>What the platform knows of an entity.</summary>
public sealed record EntityMeta
{
    public required Guid Id { get; init; }

    /// <summary>In its workflow.</summary>
    public required string State { get; init; }

    /// <summary>The transaction that wrote it last; what <see cref="EntityWriteOptions.IfMatch"/> compares with.</summary>
    public required Guid TransactionId { get; init; }

    public required DateTimeOffset CreationDate { get; init; }
    public required DateTimeOffset LastUpdateTime { get; init; }

    /// <summary>The transition of the latest save; null where there was none.</summary>
    public string? TransitionForLatestSave { get; init; }
}

/// <summary>How an entity is written.</summary>
/// <param name="Transition">Takes it; null: the automatic ones are tried.</param>
/// <param name="IfMatch">The transaction that must have written it last (ENTITY_MODIFIED); null: any.</param>
public sealed record EntityWriteOptions(string? Transition = null, Guid? IfMatch = null)
{
    public static readonly EntityWriteOptions Default = new();
}

/// <summary>How entities are searched.</summary>
/// <param name="Limit">Maximum number of results; null: all.</param>
/// <param name="Sort">
/// Fields in order: <c>-total,customer</c> or <c>total:desc,customer:asc</c> (<see cref="SortExpression"/>); null: by id.
/// </param>
/// <param name="At">As of then; null: now.</param>
public sealed record SearchOptions(int? Limit = null, string? Sort = null, DateTimeOffset? At = null)
{
    public static readonly SearchOptions Default = new();
}
