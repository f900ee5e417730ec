using Microsoft.Extensions.Logging;

namespace Strata.Edge.Forwarding;

internal sealed partial class Forwarder
{
    [LoggerMessage(Level = LogLevel.Information,
        Message = "Request {RequestId}: the response of instance {Instance} was interrupted or is not valid: {Reason}")]
    private static partial void LogBroken(ILogger logger, string requestId, string instance, string reason);
}
