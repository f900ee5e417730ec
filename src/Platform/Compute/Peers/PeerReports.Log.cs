using Microsoft.Extensions.Logging;

namespace Strata.Compute.Peers;

internal sealed partial class PeerReports
{
    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The server {Peer} sent a line about calls to members that is too long or cannot be read; such lines are skipped")]
    private partial void LogSkipped(string peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What the server {Peer} answered to {Path} cannot be read")]
    private partial void LogUnreadable(Exception exception, string peer, string path);
}
