using Microsoft.Extensions.Logging;

namespace Strata.Resources.Feed;

public sealed partial class ChangeFeed
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The change feed could not read the log and tries again")]
    private static partial void ReadFailed(ILogger logger, Exception exception);
}
