using Microsoft.Extensions.Logging;

namespace Strata.Server.Parts;

internal sealed partial class PartList
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Part} started in {Milliseconds:0} ms")]
    private partial void Started(string part, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Part} stopped in {Milliseconds:0} ms")]
    private partial void Stopped(string part, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Part} did not stop in order")]
    private partial void StopFailed(string part, Exception exception);
}
