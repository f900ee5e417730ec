using Microsoft.Extensions.Logging;

namespace Strata.Api.Peers;

public sealed partial class PeerFollowing
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "What the server {Peer} sends could not be followed; this is retried")]
    private partial void LogFailed(Exception exception, string peer);
}
