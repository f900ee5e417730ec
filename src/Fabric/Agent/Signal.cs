namespace Strata.Agent;

/// <summary>Notifies one waiter; signals without a waiter are remembered as one. Safe for concurrent use.</summary>
internal sealed class Signal(TimeProvider time)
{
    private TaskCompletionSource source = New();

    public void Set() => Volatile.Read(ref source).TrySetResult();

    /// <summary>
    /// Returns when it is set or the time is over. The waiter looks at the state after this, so that a signal between the two is not lost.
    /// </summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await Volatile.Read(ref source).Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return;
        }
        Volatile.Write(ref source, New());
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
