using System.Security.Cryptography;

namespace Strata.Resources.Servers;

/// <summary>This server, as the others know it.</summary>
/// <param name="ServerId">Made once and kept in the data folder.</param>
/// <param name="Name">Of its resource.</param>
/// <param name="Address">Where the others reach its API.</param>
public sealed record ServerSelf(string ServerId, string Name, Uri Address, string Version, DateTimeOffset StartedAt)
{
    /// <summary>
    /// Where it runs: the same for each life of one data folder on one machine, which a lock keeps to one process at a time, and another
    /// one for a copy. Without a slash.
    /// </summary>
    public string Place { get; init; } = "somewhere";

    /// <summary>Unique to one run of the process, so that a restarted server is distinguished from its earlier run.</summary>
    public string Life { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);
}
