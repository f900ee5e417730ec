using Microsoft.Extensions.Logging;

namespace Strata.Resources.Controllers;

internal sealed partial class ControllerLoop<TSpec, TStatus>
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Controller {Controller} failed on {Resource} for the {Count}. time in a row")]
    private static partial void ReconcileFailed(ILogger logger, string controller, string resource, int count, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Controller {Controller} could not list its resources")]
    private static partial void ListFailed(ILogger logger, string controller, Exception exception);
}
