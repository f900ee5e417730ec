using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>What every log demands of a scan. A breach is a fault of the program, so it throws.</summary>
internal static class ScanGuard
{
    public static void Check(Scan scan)
    {
        ArgumentNullException.ThrowIfNull(scan);
        ArgumentOutOfRangeException.ThrowIfLessThan(scan.Limit, 1, nameof(scan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scan.Limit, PageLimits.Max, nameof(scan));
        ArgumentOutOfRangeException.ThrowIfLessThan(scan.BytesMax, 1, nameof(scan));
        if (scan is { Deleted: true, AsOf.IsLatest: false })
            throw new ArgumentException("Deleted entities are listed as of the latest only.", nameof(scan));
        if (scan.Tenant is null && scan.AsOf.Revision is not null)
            throw new ArgumentException("A revision belongs to one tenant's log; over every tenant scan as of a time.", nameof(scan));
    }
}
