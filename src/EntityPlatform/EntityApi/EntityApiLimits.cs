namespace Strata.EntityApi;

/// <summary>What bounds the entity API. Immutable.</summary>
public sealed record EntityApiLimits
{
    public static readonly EntityApiLimits Default = new();

    /// <summary>Of a request's body, messages apart; more: BODY_TOO_LARGE.</summary>
    public int BodyBytesMax { get; init; } = 10 << 20;

    /// <summary>Groups that grouped statistics answer; more: GROUP_CARDINALITY_EXCEEDED.</summary>
    public int StatsGroupsMax { get; init; } = 10_000;

    /// <summary>Of one message's body.</summary>
    public long MessageBytesMax { get; init; } = 10 << 20;
}
