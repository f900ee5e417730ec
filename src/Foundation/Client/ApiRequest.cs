namespace Strata.Client;

/// <summary>Any call of the HTTP API, for what has no method of its own.</summary>
/// <param name="Path">Absolute, with its query, already escaped: <c>/api/entity/order/1?pageSize=5</c>.</param>
public sealed record ApiRequest(HttpMethod Method, string Path)
{
    /// <summary>Null: none.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string Accept { get; init; } = "*/*";

    /// <summary>Entity tag that must still hold, without quotes, or <c>*</c> for any; null: not asked for.</summary>
    public string? IfMatch { get; init; }

    /// <summary>
    /// Whether lines of the answer may fail to come for longer than <see cref="ClientOptions.SilenceMax"/>, as those of a log that is
    /// followed. A feed is never that silent.
    /// </summary>
    public bool MayBeSilent { get; init; }
}
