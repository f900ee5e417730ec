namespace Strata.Entities.Log;

/// <summary>
/// Leases: at most one holder of a name at any time, by the store's clock. Each new holder gets a higher epoch, which fences its commits
/// (<see cref="Commit.Fence"/>): a holder that stalls past its time can no longer write. Safe for concurrent use.
/// </summary>
public interface ILeases
{
    /// <summary>Takes the lease for this long, or renews it where this holder has it.</summary>
    /// <param name="holder">Unique to a process's life, so that a restarted server does not take itself for its former life.</param>
    /// <returns>The epoch: the same while the holder renews in time, a higher one after anything else. Null while someone else holds
    /// it.</returns>
    ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Renews the term with this epoch. An expired term stays expired, so that a late renewal does not take the lease.</summary>
    /// <returns>Whether the term is held for this long from now on.</returns>
    ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Takes the lease, regardless of who holds it. For a holder that is known to replace the current one.</summary>
    /// <returns>A new epoch.</returns>
    ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Takes the lease from one holder, and from no other.</summary>
    /// <returns>A new epoch; null where someone else holds it by now.</returns>
    ValueTask<long?> TryTakeOverAsync(string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>
    /// Releases the term with this epoch at once; does nothing when it is over, regardless of who holds the lease now, even a later term of
    /// the same holder.
    /// </summary>
    ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Releases every lease whose name has this prefix, regardless of who holds it. Only for a server that knows it is the only one: the
    /// holders are then its own earlier processes, which were killed, so there is no need to wait for the leases to expire.
    /// </summary>
    ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Who holds it now, or null.</summary>
    ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken);
}
