using Microsoft.Extensions.Logging;

namespace Strata.Runtimes;

internal static partial class NodeMachineLog
{
    [LoggerMessage(LogLevel.Warning, "Instances run without isolation, because {Reason}")]
    public static partial void FallsBack(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "{Tool} cannot start a container here: {Problem}")]
    public static partial void ToolFails(this ILogger logger, string tool, string problem);
}
