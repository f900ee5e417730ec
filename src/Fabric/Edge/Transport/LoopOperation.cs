using System.Threading.Tasks.Sources;

namespace Strata.Edge.Transport;

/// <summary>
/// An operation on a socket that is tried, and tried again on the loop's thread after each signal until it is done. One object serves all
/// operations of a kind, one after the other, so waiting costs no allocation.
/// </summary>
internal abstract class LoopOperation<T>(Readiness readiness) : IReadyWaiter, IValueTaskSource<T>
{
    private ManualResetValueTaskSourceCore<T> outcome;

    /// <summary>False: not yet. What it throws is the outcome.</summary>
    protected abstract bool TryFinish(out T result);

    public ValueTask<T> RunAsync()
    {
        try
        {
            if (TryFinish(out var result)) return new(result);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
        outcome.Reset();
        readiness.Await(this);
        return new(this, outcome.Version);
    }

    void IReadyWaiter.Continue()
    {
        T result;
        try
        {
            if (!TryFinish(out result))
            {
                readiness.Await(this);
                return;
            }
        }
        catch (Exception e)
        {
            outcome.SetException(e);
            return;
        }
        outcome.SetResult(result);
    }

    T IValueTaskSource<T>.GetResult(short token) => outcome.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => outcome.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        outcome.OnCompleted(continuation, state, token, flags);
}
