namespace Strata.Entities.Log;

/// <summary>
/// Leases: at most one holder of a name at any time, as told by the store's clock. A holder that stalls past its time finds its lease lost and
/// must stop what it guards.
/// </summary>
public interface ILeases
{
    /// <summary>Takes or renews the lease for this long; false when someone else holds it.</summary>
    /// <param name="holder">Unique to a process's life, so that a restarted server does not take itself for its former life.</param>
    ValueTask<bool> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives it up at once; does nothing when this holder has lost it.</summary>
    ValueTask ReleaseAsync(string name, string holder, CancellationToken cancellationToken);

    /// <summary>
    /// Frees every lease whose name begins so, whoever holds it. Only for a server that knows itself to be the only one: what holds them then is its former life, which was killed, and
    /// nobody needs to wait for their end.
    /// </summary>
    ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Who holds it now, or null.</summary>
    ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken);
}
