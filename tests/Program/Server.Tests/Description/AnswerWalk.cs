using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Described;

namespace Strata.Server.Tests.Description;

/// <summary>Sends requests one after another and compares each answer with the schema that the description has for it.</summary>
internal sealed class AnswerWalk(HttpClient http, AnswerCheck check)
{
    private readonly List<string> faults = [];

    /// <summary>Each with the request; empty when all is well.</summary>
    public IReadOnlyList<string> Faults => faults;

    /// <summary>Ids of the operations that succeeded.</summary>
    public HashSet<string> Succeeded { get; } = new(StringComparer.Ordinal);

    /// <summary>Operations that were answered with a problem.</summary>
    public HashSet<string> Refused { get; } = new(StringComparer.Ordinal);

    public Task<JsonElement> GetAsync(string path) => SendAsync("GET", path);

    /// <returns>The answer, where it is one JSON value.</returns>
    public async Task<JsonElement> SendAsync(
        string method, string path, string? body = null, string mediaType = "application/json",
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(mediaType));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var type = answer.Content.Headers.ContentType?.MediaType;
        if (check.Find(method, path) is not { } operation)
        {
            faults.Add($"{method} {path} is not described");
            return default;
        }
        (answer.IsSuccessStatusCode ? Succeeded : Refused).Add(operation.Id);
        if (check.Check(operation, (int)answer.StatusCode, method == "HEAD" ? null : type, text) is { } fault)
            faults.Add($"{method} {path} ({operation.Id}): {fault}");
        return type?.EndsWith("/json", StringComparison.Ordinal) == true || type == "application/problem+json"
            ? JsonElement.Parse(text) : default;
    }

    /// <summary>Waits until a resource whose deletion is work is gone.</summary>
    public Task GoneAsync(string path) => TestSupport.Wait.UntilAsync(async () =>
    {
        using var answer = await http.GetAsync(path, TestContext.Current.CancellationToken);
        return answer.StatusCode == System.Net.HttpStatusCode.NotFound;
    }, path + " is gone");

    /// <summary>As <see cref="SendAsync"/>, and it must succeed: what follows needs its answer.</summary>
    public async Task<JsonElement> NeedAsync(string method, string path, string? body = null, string mediaType = "application/json")
    {
        var answer = await SendAsync(method, path, body, mediaType);
        Assert.True(
            !answer.ValueKind.Equals(JsonValueKind.Object) || !answer.TryGetProperty("requestId", out _), $"{method} {path}: {answer}");
        return answer;
    }
}
