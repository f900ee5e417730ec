using Strata.Api.Http;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// Bounds how long the check of one token waits for the database: <see cref="Max"/> over all of its reads, then STORAGE_UNAVAILABLE. Only
/// reads of the log
/// belong here. What others are asked for, such as an OIDC provider's keys, has a bound and an error of its own. Not safe for concurrent
/// use.
/// </summary>
public sealed class StorageDeadline(TimeProvider time)
{
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(5);

    private TimeSpan left = Max;

    /// <summary>A read that is given up continues by itself, so it must not touch the request.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE: the time is over.</exception>
    public async ValueTask<T> WithinAsync<T>(ValueTask<T> read, CancellationToken cancellationToken)
    {
        if (read.IsCompleted) return await read;
        var began = time.GetTimestamp();
        try
        {
            return await read.AsTask().WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw ApiErrors.StorageSilent.ToException();
        }
        finally
        {
            left -= time.GetElapsedTime(began);
        }
    }
}
