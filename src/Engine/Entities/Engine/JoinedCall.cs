using System.Diagnostics.CodeAnalysis;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// One member's stay in a transaction, while the transaction waits for its answer. Requests take turns, and one that fails leaves nothing
/// behind. Safe for concurrent use.
/// </summary>
[SuppressMessage("Reliability", "CA1001",
    Justification = "Requests may come late, and neither field holds a system resource unless its wait handle is used.")]
internal sealed class JoinedCall(TenantId tenant, EntityTransaction transaction)
{
    /// <summary>Requests that run or wait for their turn.</summary>
    private const int RequestsMax = 32;

    private readonly SemaphoreSlim turn = new(1);
    private readonly CancellationTokenSource fence = new();
    private Savepoint? before;
    private int requests;

    public TenantId Tenant { get; } = tenant;

    public async ValueTask<Result<T>> RunAsync<T>(
        Caller caller, Func<EntityTransaction, CancellationToken, ValueTask<Result<T>>> work, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref requests) > RequestsMax) return EngineErrors.TooManyJoinedRequests(RequestsMax);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, fence.Token);
            await turn.WaitAsync(either.Token);
            try
            {
                before ??= transaction.Save();
                return await transaction.JoinAsync(caller, work, either.Token);
            }
            finally
            {
                turn.Release();
            }
        }
        catch (OperationCanceledException) when (fence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return EngineErrors.CalloutSuperseded();
        }
        finally
        {
            Interlocked.Decrement(ref requests);
        }
    }

    /// <summary>
    /// Admits no more members, ends the active ones, and undoes their work unless it is to be kept. From then on only the owner uses the
    /// transaction.
    /// </summary>
    public async ValueTask EndAsync(bool keep)
    {
        await fence.CancelAsync();
        await turn.WaitAsync(CancellationToken.None);
        if (!keep && before is not null) transaction.Restore(before);
        turn.Release();
    }
}
