namespace Strata.Rpc;

/// <summary>Bounds of calls; all have defaults. Immutable.</summary>
public sealed record RpcLimits
{
    public static readonly RpcLimits Default = new();

    /// <summary>Bytes of one message that is received, after decompression; beyond that RESOURCE_EXHAUSTED.</summary>
    public int MessageBytesMax { get; init; } = 16 << 20;

    /// <summary>Messages that are sent and are longer than this are compressed, where the client takes that.</summary>
    public int CompressFrom { get; init; } = 1024;

    /// <summary>
    /// Until the one message of a call that has one is there; DEADLINE_EXCEEDED past it. Messages of streams may come whenever: their
    /// service bounds the silence.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest deadline that a client may set; a longer one counts as this.</summary>
    public TimeSpan DeadlineMax { get; init; } = TimeSpan.FromHours(24);
}
