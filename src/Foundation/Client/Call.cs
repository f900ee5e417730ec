using System.Net.Http.Headers;
using System.Text;

namespace Strata.Client;

/// <summary>One request, kept in a form that can be sent again.</summary>
internal sealed record Call(HttpMethod Method, string Path)
{
    public ReadOnlyMemory<byte>? Body { get; init; }
    public string ContentType { get; init; } = "application/json";
    public string Accept { get; init; } = "application/json";

    /// <summary>Entity tag that the resource must still have, without quotes, or <c>*</c>; null: any.</summary>
    public string? IfMatch { get; init; }

    /// <summary>The same for every try of one call, so that a write whose answer was lost is not done twice.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The transaction that the request is to be a part of; null: none.</summary>
    public string? JoinToken { get; init; }

    /// <summary>Its answer, once begun, may bring nothing for days: a log that is followed.</summary>
    public bool MayBeSilent { get; init; }

    public HttpRequestMessage ToRequest()
    {
        var request = new HttpRequestMessage(Method, Path);
        request.Headers.Accept.ParseAdd(Accept);
        if (IfMatch is not null)
            request.Headers.IfMatch.Add(IfMatch == "*" ? EntityTagHeaderValue.Any : new EntityTagHeaderValue($"\"{IfMatch}\""));
        if (IdempotencyKey is not null) request.Headers.Add("Idempotency-Key", IdempotencyKey);
        if (JoinToken is not null) request.Headers.Add(Core.RequestHeaders.TransactionToken, JoinToken);
        if (Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType);
        }
        return request;
    }
}

/// <summary>Builds paths with everything escaped.</summary>
internal static class ApiPath
{
    public const string Root = "/api/v1/";

    public static string Of(string plural, params ReadOnlySpan<string> segments)
    {
        var path = new StringBuilder(Root).Append(plural);
        foreach (var segment in segments) path.Append('/').Append(Segment(segment));
        return path.ToString();
    }

    public static string With(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var text = new StringBuilder(path);
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var (name, value) in query)
        {
            if (value is null) continue;
            text.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        return text.ToString();
    }

    /// <summary>An empty or dotted segment would lead to another resource than the one named: such a name exists nowhere.</summary>
    private static string Segment(string text) =>
        text is "" or "." or ".."
            ? throw new Core.Error(Core.ErrorKind.Invalid, "INVALID_NAME", $"\"{text}\" is not a name.", "Give a name or an id.")
            .ToException()
            : Uri.EscapeDataString(text);
}

/// <summary>A model in paths of the entity API.</summary>
internal static class EntityPath
{
    public static string Of(string model, int version) =>
        $"{Uri.EscapeDataString(model)}/{version.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
}
