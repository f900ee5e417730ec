using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Servers;

/// <summary>
/// Takes a server's lease at its start, before it does anything in its name. A former life of the same place is replaced at once. Where
/// another place holds the lease, the data folder was copied or moved: a start waits until the lease has had time to lapse, and is refused
/// if it is renewed meanwhile, because the other server lives. Used once; dispose it when the server has stopped.
/// </summary>
public sealed class ServerIdClaim(ServerSelf self, ILeases leases, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The longest that a start waits for another place: a lease that is not renewed has expired by then.</summary>
    public static readonly TimeSpan WaitMax = ServerLease.Duration + TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private HeldLease? held;

    /// <summary>Holds the lease from here on; <see cref="ServerRegistration"/> continues with a term of its own.</summary>
    /// <param name="isAlone">True where no other server can use this database: the holder of the lease is dead.</param>
    /// <param name="waiting">Called once, when it has to wait for another place.</param>
    /// <returns>SERVER_ID_IN_USE.</returns>
    public async Task<Result<Done>> TakeAsync(bool isAlone, Action waiting, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        for (var hasWaited = false; ; hasWaited = true)
        {
            held = await ServerLease.TryTakeAsync(
                leases, self, holder => isAlone || ServerLease.IsOf(self, holder), time, cancellationToken);
            if (held is not null) return default(Done);
            if (time.GetElapsedTime(start) >= WaitMax) return ServerLease.IdInUse;
            if (!hasWaited) waiting();
            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => held?.DisposeAsync() ?? default;
}
