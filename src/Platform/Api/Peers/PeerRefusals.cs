using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>
/// Logs that another server refuses requests of this one, which only an operator can change: once a minute for each server and code. Safe
/// for concurrent use.
/// </summary>
internal sealed partial class PeerRefusals(ILogger log, TimeProvider time)
{
    /// <summary>Servers and codes that are remembered; all are forgotten beyond that.</summary>
    private const int PairsMax = 1000;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string ServerId, string Code), long> logged = new();

    public void Report(PeerServer peer, string code)
    {
        var (pair, now) = ((peer.ServerId, code), time.GetTimestamp());
        if (logged.TryGetValue(pair, out var at))
        {
            if (time.GetElapsedTime(at, now) < Every || !logged.TryUpdate(pair, now, at)) return;
        }
        else
        {
            if (logged.Count >= PairsMax) logged.Clear();
            if (!logged.TryAdd(pair, now)) return;
        }
        LogRefused(peer.Name, code, NextStep(code));
    }

    private static string NextStep(string code) => code switch
    {
        "UNAUTHORIZED" => "Compare the clocks of the two servers, and their versions; it resolves itself if the other has just restarted",
        "PEER_BUSY" or "SHARE_EXHAUSTED" => "It gets more requests than it takes from other servers; docs/servers.md has the limits",
        _ => "Its log may say more",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The server {Peer} refuses requests of this server with {Code}. {NextStep}")]
    private partial void LogRefused(string peer, string code, string nextStep);
}
