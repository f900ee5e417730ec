namespace Strata.Deployments.Build;

/// <summary>The end of the time that a whole build may take, counted from its start.</summary>
internal sealed class BuildDeadline(TimeSpan limit, TimeProvider time) : IDisposable
{
    private readonly long started = time.GetTimestamp();
    private readonly CancellationTokenSource source = new(limit, time);

    public TimeSpan Limit { get; private set; } = limit;

    public CancellationToken Token => source.Token;

    public bool HasPassed => source.IsCancellationRequested;

    /// <summary>Changes the limit, as strata.yaml says; what has passed already counts.</summary>
    public void Set(TimeSpan newLimit)
    {
        if (newLimit == Limit) return;
        Limit = newLimit;
        var left = newLimit - time.GetElapsedTime(started);
        source.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    public void Dispose() => source.Dispose();
}
