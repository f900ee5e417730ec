using System.Security.Cryptography;
using Strata.Entities.Log;

namespace Strata.Resources.Servers;

/// <summary>This server, as the others know it.</summary>
/// <param name="ServerId">Made once and kept in the data folder.</param>
/// <param name="Name">Of its resource.</param>
/// <param name="Address">Where the others reach its API.</param>
public sealed record ServerSelf(string ServerId, string Name, Uri Address, string Version, DateTimeOffset StartedAt)
{
    /// <summary>Of one life of the process, so that a server that was restarted is told from its former life.</summary>
    public string Life { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);
}

/// <summary>The lease that a server's heartbeats hold.</summary>
internal static class ServerLease
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static string Of(string serverId) => "server/" + serverId;
}
