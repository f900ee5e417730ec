using Microsoft.Extensions.Logging;

namespace Strata.Compute.Peers;

internal sealed partial class PeerMembersFollower
{
    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The server {Peer} sent a line about compute members that is too long or cannot be read; such lines are skipped")]
    private partial void LogSkipped(string peer);
}
