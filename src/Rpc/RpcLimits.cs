namespace Strata.Rpc;

/// <summary>Bounds of calls; all have defaults. Immutable.</summary>
public sealed record RpcLimits
{
    public static readonly RpcLimits Default = new();

    /// <summary>Bytes of one message that is received, after decompression; beyond that RESOURCE_EXHAUSTED.</summary>
    public int MessageBytesMax { get; init; } = 16 << 20;

    /// <summary>Messages that are sent and are longer than this are compressed, where the client takes that.</summary>
    public int CompressFrom { get; init; } = 1024;

    /// <summary>Longest deadline that a client may set; a longer one counts as this.</summary>
    public TimeSpan DeadlineMax { get; init; } = TimeSpan.FromHours(24);
}
