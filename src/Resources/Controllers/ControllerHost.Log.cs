using Microsoft.Extensions.Logging;

namespace Strata.Resources.Controllers;

internal sealed partial class ControllerHost
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Controller {Controller} lost its lease and stops here")]
    private static partial void LeaseLost(ILogger logger, string controller);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Controller {Controller} could not ask for its lease and tries again")]
    private static partial void HoldFailed(ILogger logger, string controller, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The controllers could not follow the log and try again")]
    private static partial void ListenFailed(ILogger logger, Exception exception);
}
