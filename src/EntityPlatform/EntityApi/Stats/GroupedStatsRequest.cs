using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.EntityApi.Stats;

/// <summary>A request for grouped statistics.</summary>
/// <param name="GroupBy">Each as it was written, and what it means.</param>
/// <param name="Limit">The largest groups only; null: all.</param>
internal sealed record GroupedStatsRequest(
    IReadOnlyList<(string Text, Field Field)> GroupBy, Condition? Condition, IReadOnlyList<Aggregation> Aggregations,
    AsOf AsOf, int? Limit);

internal enum AggregateOp
{
    Sum,
    Avg,
    Min,
    Max,
    Stdev,
}

/// <summary>One figure that is worked out for each group.</summary>
/// <param name="Alias">Its name in the answer.</param>
internal sealed record Aggregation(AggregateOp Op, JsonPath Field, string Alias);
