namespace Strata.Contracts;

/// <summary>A control-plane process of this cloud. Kind <c>server</c>, platform scope; each server registers itself at its start.</summary>
public sealed record ServerSpec
{
    /// <summary>The id that the server made at its first start and keeps in its data folder: 32 hex digits.</summary>
    public string ServerId { get; init; } = "";
}

/// <summary>What a server reports of itself.</summary>
public sealed record ServerPresence
{
    /// <summary>
    /// Where the other servers reach its API, for example <c>http://10.0.0.5:8080</c>; null before its first registration.
    /// </summary>
    public string? Address { get; init; }

    public string? Version { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Random, of one life of the process: requests of other servers that were meant for a former life are refused.</summary>
    public string? Life { get; init; }

    /// <summary>
    /// The last heartbeat that was recorded: at a registration and when the state changes. While a server is UP it beats every few seconds,
    /// by a lease, and those beats are not recorded.
    /// </summary>
    public DateTimeOffset? Heartbeat { get; init; }
}

/// <summary>States of a server.</summary>
public static class ServerStates
{
    /// <summary>Its heartbeats come.</summary>
    public const string Up = "UP";

    /// <summary>Its heartbeats ended and it did not say why: killed, cut off, or without its database.</summary>
    public const string Down = "DOWN";

    /// <summary>It was stopped.</summary>
    public const string Gone = "GONE";
}
