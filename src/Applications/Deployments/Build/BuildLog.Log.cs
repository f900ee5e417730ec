using Microsoft.Extensions.Logging;

namespace Strata.Deployments.Build;

internal sealed partial class BuildLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Lines of a build's log were lost: {Code}")]
    private static partial void LinesLost(ILogger logger, string code);
}
