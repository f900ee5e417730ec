using Microsoft.Extensions.Logging;

namespace Strata.Resources.Controllers;

internal sealed partial class ControllerHost
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Controller {Controller} lost its lease and stops here")]
    private static partial void LeaseLost(ILogger logger, string controller);
}
