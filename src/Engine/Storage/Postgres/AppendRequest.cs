using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>A commit that waits for its outcome.</summary>
internal sealed class AppendRequest
{
    private readonly long startedAt;
    private readonly TaskCompletionSource<AppendOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AppendRequest(Commit commit, CancellationToken cancellationToken)
    {
        (Commit, CancellationToken, startedAt) = (commit, cancellationToken, LogMetrics.CommitStart());
        foreach (var write in commit.Writes)
        {
            DocumentBytes += write.Document.Utf8.Length;
            TakesClaims |= write is { Delete: false, Claims.Count: > 0 };
        }
        Claims = TakesClaims ? ClaimKey.Of(commit) : [];
    }

    public Commit Commit { get; }

    public CancellationToken CancellationToken { get; }

    /// <summary>Cancelled with the token, whether the commit is appended or not.</summary>
    public Task<AppendOutcome> Outcome => outcome.Task;

    public long DocumentBytes { get; }

    /// <summary>How many commits went in the same round trip.</summary>
    public int GroupSize { get; set; }

    public bool TakesClaims { get; }

    /// <summary>Every unique value that the commit wants to hold.</summary>
    public IReadOnlyList<ClaimKey> Claims { get; }

    public void Succeed(AppendOutcome result)
    {
        if (outcome.TrySetResult(result)) LogMetrics.Committed(startedAt, result);
    }

    public void Fail(Exception fault)
    {
        if (outcome.TrySetException(fault)) LogMetrics.Committed(startedAt, null);
    }

    public void Cancel() => outcome.TrySetCanceled(CancellationToken);
}
