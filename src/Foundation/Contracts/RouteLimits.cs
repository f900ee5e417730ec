namespace Strata.Contracts;

/// <summary>Timeouts and bounds of one route; what is null is the edge's default. The table is in docs/edge.md.</summary>
public sealed record RouteLimits
{
    /// <summary>For a connection to an instance to come about.</summary>
    public int? ConnectSeconds { get; init; }

    /// <summary>How long a request waits for an instance that is starting or cannot be reached; 0: it is refused at once.</summary>
    public int? HoldSeconds { get; init; }

    /// <summary>From the end of the request to the end of the answer's head.</summary>
    public int? FirstByteSeconds { get; init; }

    /// <summary>Between two pieces of a body, in either direction.</summary>
    public int? IdleSeconds { get; init; }

    /// <summary>Of a WebSocket or another upgraded connection on which nothing moves.</summary>
    public int? StreamIdleSeconds { get; init; }
    public long? BodyBytesMax { get; init; }

    /// <summary>Requests that one instance has at a time; streams do not count.</summary>
    public int? RequestsPerInstance { get; init; }

    /// <summary>WebSockets, event streams, gRPC calls that one instance has at a time.</summary>
    public int? StreamsPerInstance { get; init; }

    /// <summary>Also passes on headers whose names hold other characters than letters, digits and hyphens; else they are dropped.</summary>
    public bool PassUnusualHeaders { get; init; }
}
