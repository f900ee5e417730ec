using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// A deletion that a mark announces. Puts of the same content wait while the mark is there, so it is removed only when every request has
/// surely arrived. After a failure, or when the caller stops waiting, a request may still be on its way: the mark then stays until it is
/// too old to count. No request starts after the first third of that time. Not safe for concurrent use.
/// </summary>
/// <param name="max">See <see cref="S3Options.DeletionMax"/>.</param>
internal sealed class S3Deletion(S3Client client, string mark, TimeSpan max, TimeProvider time)
{
    private readonly long start = time.GetTimestamp();
    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private bool mayArriveLater;

    public string Mark => mark;

    /// <summary>Deletes an object; Ok also where it is not there.</summary>
    public async Task<Result<Done>> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        // Both clocks, because that of timestamps does not run while the machine sleeps.
        var limit = max / 3;
        var left = limit - Longer(time.GetElapsedTime(start), time.GetUtcNow() - startedAt);
        if (left <= TimeSpan.Zero) return Late(limit);
        using var late = new CancellationTokenSource(left, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var before = mayArriveLater;
        mayArriveLater = true; // also where the call ends with an exception
        try
        {
            if (!(await client.DeleteSurelyAsync(key, either.Token)).TryGet(out var isSure, out var error)) return error;
            mayArriveLater = before || !isSure;
            return default(Done);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Late(limit); // its retries included
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private Error Late(TimeSpan limit) =>
        BlobErrors.Unavailable(client.Storage, $"a deletion was not done within {limit.TotalSeconds:0} s");

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (!mayArriveLater) await client.DeleteAsync(mark, cancellationToken); // left there it only delays the next put
    }
}
