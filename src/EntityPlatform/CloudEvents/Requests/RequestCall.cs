using System.Text.Json;
using Strata.Api.InProcess;
using Strata.CloudEvents.Events;
using Strata.Core;

namespace Strata.CloudEvents.Requests;

/// <summary>One request as its handler sees it: the payload, and the API that it is translated to, on behalf of its sender.</summary>
internal sealed class RequestCall(InProcessApi api, JsonElement payload, string requestId, IReadOnlyDictionary<string, string> headers,
    CancellationToken cancellationToken)
{
    public JsonElement Payload => payload;
    public string RequestId => requestId;
    public CancellationToken CancellationToken => cancellationToken;

    /// <exception cref="StrataException">BAD_REQUEST where it is not there.</exception>
    public JsonElement Required(string name) => Required(payload, name);

    public static JsonElement Required(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value : throw EventReader.Faulty($"The member \"{name}\" is missing.").ToException();

    public string RequiredText(string name) =>
        TextOf(Required(name)) ?? throw EventReader.Faulty($"The member \"{name}\" must be a text.").ToException();

    public static string RequiredText(JsonElement json, string name) =>
        TextOf(Required(json, name)) ?? throw EventReader.Faulty($"The member \"{name}\" must be a text.").ToException();

    /// <summary>As text, if present; numbers and booleans too.</summary>
    public string? Optional(string name) => Optional(payload, name);

    public static string? Optional(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? TextOf(value) : null;

    /// <summary><c>NAME/VERSION</c> of the model, escaped for a path.</summary>
    public string Model(JsonElement? of = null)
    {
        var model = Required(of ?? payload, "model");
        return $"{Escape(RequiredText(model, "name"))}/{Escape(RequiredText(model, "version"))}";
    }

    public static string Escape(string text) => Uri.EscapeDataString(text);

    /// <summary>A query string of the values that are present.</summary>
    public static string Query(params (string Name, string? Value)[] parameters)
    {
        var text = string.Join('&', parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Escape(p.Value!)}"));
        return text.Length == 0 ? "" : "?" + text;
    }

    /// <summary>Calls the API; the answer's JSON.</summary>
    /// <exception cref="StrataException">What the API refused it with.</exception>
    public async Task<JsonElement> SendAsync(
        string method, string path, ReadOnlyMemory<byte> body = default, string contentType = "application/json",
        params (string Name, string Value)[] more)
    {
        var bytes = await api.SendAsync(Request(method, path, body, contentType, more), cancellationToken);
        return bytes.Length == 0 ? default : JsonOf(bytes);
    }

    /// <summary>Calls the API for an answer of lines, each as it arrives.</summary>
    public async IAsyncEnumerable<JsonElement> LinesAsync(string method, string path, ReadOnlyMemory<byte> body)
    {
        await using var answer = api.Open(Request(method, path, body, "application/json", []), cancellationToken);
        await foreach (var line in answer.LinesAsync(cancellationToken)) yield return JsonOf(line);
    }

    private static JsonElement JsonOf(byte[] text) =>
        JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 });

    private InProcessRequest Request(
        string method, string path, ReadOnlyMemory<byte> body, string contentType, (string Name, string Value)[] more)
    {
        var all = new Dictionary<string, string>(headers, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in more) all[name] = value;
        return new InProcessRequest(method, path, all) { Body = body, ContentType = contentType };
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => null,
    };
}
