using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.OAuth;

/// <summary>
/// Authorization codes that were used, for as long as they could be used again: the session that a code led to may have ended by then. Safe
/// for concurrent use, also by several servers.
/// </summary>
internal sealed class UsedCodes(IDurableValues values, TimeProvider time)
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    private readonly UsedOnce used = new(values, time, "code/", KeptFor);

    /// <returns>False: it was used before.</returns>
    public ValueTask<bool> TryUseAsync(string code, CancellationToken cancellationToken) => used.TryUseAsync(code, cancellationToken);

    public Task SweepAsync(CancellationToken cancellationToken) => used.SweepAsync(cancellationToken);
}
