using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Deployments.Retention;

internal sealed partial class BlobSweeper
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Count} blobs of {Tenant} that no release needs")]
    private static partial void Swept(ILogger logger, TenantId tenant, int count);
}
