using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Deployments.Blobs;

internal sealed partial class BlobSweeper
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Count} blobs of {Tenant} that no release needs")]
    private static partial void Swept(ILogger logger, TenantId tenant, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Blobs could not be swept")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
