using System.Numerics;
using Strata.Entities.Log;

namespace Strata.Entities.Stats;

/// <summary>What follows from sums, worked out once for every store, so that all answer alike.</summary>
public static class FieldSumsMath
{
    /// <summary>Null where there is no number.</summary>
    public static string? Average(this FieldSums sums) => sums.Sum is null
        ? null : ExactDecimal.Parse(sums.Sum).DivideBy(sums.Count).ToString();

    /// <summary>Of the sample, with n − 1 as the divisor; null for fewer than two numbers.</summary>
    public static string? StandardDeviation(this FieldSums sums)
    {
        if (sums.Count < 2) return null;
        var (sum, squares, count) = (ExactDecimal.Parse(sums.Sum), ExactDecimal.Parse(sums.Squares), new BigInteger(sums.Count));
        var spread = (squares * new ExactDecimal(count, 0)) - (sum * sum);
        return spread.DivideBy(count * (count - 1)).SquareRoot().ToString();
    }
}
