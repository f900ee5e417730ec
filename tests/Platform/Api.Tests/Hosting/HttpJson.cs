using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Strata.Api.Tests.Hosting;

/// <summary>An answer with its JSON.</summary>
public sealed record JsonAnswered(int Status, HttpResponseHeaders Headers, JsonElement Body)
{
    public string? Code => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("code", out var code) ? code.GetString() : null;

    public string Text(string name) => Body.GetProperty(name).GetString()!;
}

public static class HttpJson
{
    /// <summary>Set by projects that compare each answer with the API's description; gets the answer's text.</summary>
    public static Func<HttpClient, HttpRequestMessage, HttpResponseMessage, string, Task>? Answered { get; set; }

    public static async Task<JsonAnswered> SendJsonAsync(
        this HttpClient http, string method, string path, string? body = null, string mediaType = "application/json",
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, mediaType);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (Answered is { } answered) await answered(http, request, response, text);
        return new JsonAnswered((int)response.StatusCode, response.Headers,
            text.StartsWith('{') || text.StartsWith('[') || text.StartsWith('"') ? JsonElement.Parse(text) : default);
    }

    public static Task<JsonAnswered> PatchAsync(
        this HttpClient http, string path, string body, params (string Name, string Value)[] headers) =>
        http.SendJsonAsync("PATCH", path, body, "application/merge-patch+json", headers);
}
