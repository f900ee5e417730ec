using Microsoft.Extensions.Logging;

namespace Strata.Deployments.Build;

internal sealed partial class BuildController
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The build of {Release} failed unexpectedly")]
    private static partial void BuildBroke(ILogger logger, string release, Exception exception);
}
