using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Resources.Kinds;

/// <summary>Looks for a reason against a removal or a change.</summary>
/// <param name="transaction">Of the write: what this reads in it must still be so when the write takes effect.</param>
public delegate ValueTask<Error?> WriteCheck(EntityTransaction transaction, CancellationToken cancellationToken);

public static class WriteCheckExtensions
{
    /// <summary>Both, in this order; null is a check that finds nothing.</summary>
    public static WriteCheck? And(this WriteCheck? first, WriteCheck? second) => first is null || second is null ? first ?? second
        : async (transaction, cancellationToken) => await first(transaction, cancellationToken) ?? await second(transaction,
            cancellationToken);
}
