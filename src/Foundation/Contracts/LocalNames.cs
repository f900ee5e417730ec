namespace Strata.Contracts;

/// <summary>Hosts of this machine or of a private network: no public authority can certify them.</summary>
public static class LocalNames
{
    /// <summary>Reserved for such use by RFC 2606, 6761, 6762, 8375 and 9476.</summary>
    private static readonly string[] Suffixes =
    [
        ".localhost", ".test", ".example", ".invalid", ".local", ".internal", ".home.arpa",
        ".localdomain", ".lan", ".home", ".corp", ".intranet", ".private", // in use, and delegated to no one
    ];

    /// <param name="host">In lower case.</param>
    public static bool Contain(string host) =>
        host is "localhost" || Suffixes.Any(s => host.EndsWith(s, StringComparison.Ordinal)) || !host.Contains('.');
}
