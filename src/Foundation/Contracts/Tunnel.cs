namespace Strata.Contracts;

/// <summary>
/// A host of this cloud that a program on a developer's machine serves. Kind <c>tunnel</c>, project scope. The edge follows these. The
/// machine connects outwards to the API; nothing needs to reach it.
/// </summary>
public sealed record TunnelSpec
{
    /// <summary>What the developer's machine leads requests to, for people to read, for example <c>localhost:3000</c>.</summary>
    public string? Target { get; init; }
}

/// <summary>Reported by the server that holds the connection.</summary>
public sealed record TunnelStatus
{
    /// <summary>The host at which the edge serves it, for example <c>shop.localhost</c>; null before the first connection.</summary>
    public string? Host { get; init; }

    /// <summary>The address with the edge's port; null before the first connection.</summary>
    public string? Url { get; init; }

    /// <summary>Where the server takes the edge's connections; null while no machine is connected.</summary>
    public string? Address { get; init; }

    public int? Port { get; init; }
}

/// <summary>States of a tunnel.</summary>
public static class TunnelStates
{
    /// <summary>No machine is connected; the edge says so at its host.</summary>
    public const string Waiting = "WAITING";
    public const string Connected = "CONNECTED";
}
