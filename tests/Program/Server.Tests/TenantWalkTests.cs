using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.BadInputs;

namespace Strata.Server.Tests;

/// <summary>
/// Walks every operation of the API description, with the credential of another organization and the ids, names, cursors and digests of
/// this one, and with a token that grants nothing. What is added to the API is walked without a change here.
/// </summary>
public sealed class TenantWalkTests(WholeApi api, ITestOutputHelper output) : IClassFixture<WholeApi>
{
    private const string Name = "canary-of-a";

    /// <summary>What every token may do, so that a program finds its way.</summary>
    private static readonly string[] OfEveryone = ["kinds.read", "account.read", "access.me", "projects.read"];

    /// <summary>Not sent: it makes a model of that name in the caller's own organization, which what follows would then find.</summary>
    private const string MakesOwn = "/api/model/import/{dataFormat}/{converter}/{entityName}/{modelVersion}";

    [Fact]
    public async Task EveryOperation_WithTheCredentialOfAnotherOrganization_FindsNothing()
    {
        var known = await FillAsync();
        using var stranger = await StrangerAsync();
        var secrets = known.Values.Where(v => v.Length > 12).Append(Name).Distinct().ToList();
        var (walked, found) = (0, new List<string>());
        foreach (var endpoint in await EndpointsAsync())
        {
            foreach (var path in PathsOf(endpoint, known))
            {
                using var answer = await SendAsync(stranger, endpoint, path);
                walked++;
                var text = await ReadAsync(answer);
                var isAbout = path.Split('?')[0] != endpoint.Path || path.Contains("?org=", StringComparison.Ordinal);
                if (isAbout && answer.IsSuccessStatusCode)
                    found.Add($"{endpoint.Method} {path}: {(int)answer.StatusCode} {text[..Math.Min(text.Length, 300)]}");
                // What the request named itself may come back in a message.
                found.AddRange(secrets.Where(s => !Uri.UnescapeDataString(path).Contains(s, StringComparison.Ordinal) && text.Contains(s,
                    StringComparison.Ordinal))
                    .Select(s => $"{endpoint.Method} {path} shows {s}: {text[..Math.Min(text.Length, 300)]}"));
            }
        }
        output.WriteLine($"{walked} requests");
        Assert.True(walked > 300, $"{walked}");
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Fact]
    public async Task EveryOperation_WithATokenThatGrantsNothing_IsForbidden()
    {
        using var _ = await api.Http.PostAsync("/api/v1/roles", Json("""{"name":"nothing","spec":{"permissions":["kinds.read"]}}"""));
        using var powerless = Client(await TokenAsync(api.Http, """{"name":"nothing","spec":{"roles":["nothing"]}}"""));
        var open = new List<string>();
        foreach (var endpoint in await EndpointsAsync())
        {
            if (endpoint.Permission is not { } permission || OfEveryone.Any(p => permission.Contains(p,
                StringComparison.Ordinal))) continue;
            using var answer = await SendAsync(powerless, endpoint, PathsOf(endpoint, new Dictionary<string, string>()).First());
            if (answer.StatusCode != HttpStatusCode.Forbidden) open.Add($"{endpoint} ({permission}): {answer.StatusCode}");
        }
        Assert.True(open.Count == 0, string.Join('\n', open));
    }

    private async Task<IEnumerable<DescribedEndpoint>> EndpointsAsync() =>
        ApiDescription.Parse(await api.Http.GetStringAsync("/openapi.json")).Endpoints
            .Where(e => e.Permission is not null && e.Path != MakesOwn && !e.Path.Contains('.',
                StringComparison.Ordinal)); // RPC has tests of its own

    /// <summary>The path with what is known in its places, and lists with what could lead to others' things.</summary>
    private static IEnumerable<string> PathsOf(DescribedEndpoint endpoint, Dictionary<string, string> known)
    {
        yield return endpoint.In("path").Aggregate(endpoint.Path, (p, x) => p.Replace(
            $"{{{x.Name}}}", Uri.EscapeDataString(known.GetValueOrDefault(x.Name, Name)), StringComparison.Ordinal));
        if (known.Count == 0) yield break;
        var plural = endpoint.Path.Split('/') is ["", "api", "v1", var named, "{nameOrId}", ..] ? named : null;
        if (plural is not null && known.TryGetValue("id of " + plural, out var id))
            yield return endpoint.Path.Replace("{nameOrId}", id, StringComparison.Ordinal).Replace("{version}", "1",
                StringComparison.Ordinal)
                .Replace("{transition}", "restart", StringComparison.Ordinal).Replace("{connection}", "x", StringComparison.Ordinal);
        if (endpoint.Method != "GET" || endpoint.Path.Contains('{', StringComparison.Ordinal)) yield break;
        foreach (var (name, value) in new[] { ("org", known["organization"]), ("project", known["id of projects"]), ("cursor",
            known["cursor"]) })
            if (endpoint.In("query").Any(p => p.Name == name)) yield return $"{endpoint.Path}?{name}={Uri.EscapeDataString(value)}";
        if (endpoint.In("query").Any(p => p.Name == "where"))
        {
            var named2 = $$"""{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"{{Name}}"}""";
            yield return $"{endpoint.Path}?where={Uri.EscapeDataString(named2)}";
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, DescribedEndpoint endpoint, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), path);
        if (endpoint.MediaType is { } type)
            request.Content = new StringContent(endpoint.Example?.ToJsonString() ?? "{}", Encoding.UTF8, type);
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, enough.Token);
    }

    /// <summary>Of a stream that does not end: what comes at first.</summary>
    private static async Task<string> ReadAsync(HttpResponseMessage answer)
    {
        var (read, buffer) = (new StringBuilder(), new byte[16 << 10]);
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(enough.Token);
            while (await body.ReadAsync(buffer, enough.Token) is > 0 and var length) read.Append(Encoding.UTF8.GetString(buffer, 0,
                length));
        }
        catch (OperationCanceledException)
        {
        }
        return read.ToString();
    }

    /// <summary>Something of everything, under one name where names are chosen, and its ids.</summary>
    private async Task<Dictionary<string, string>> FillAsync()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (plural, spec, project) in new[]
        {
            ("projects", "{}", false), ("deployments", "{}", true), ("webhooks", """{"url":"https://books.example"}""", false),
            ("tunnels", "{}", true), ("secrets", "{}", true), ("teams", """{"members":[]}""", false),
            ("roles", """{"permissions":["kinds.read"]}""", false), ("tokens", """{"roles":["viewer"]}""", false),
            ("bindings", $$"""{"subjects":["team/{{Name}}"],"roles":["viewer"]}""", false),
            ("invitations", """{"roles":["viewer"]}""", false),
        })
        {
            var where = project ? $"\"project\":\"{Name}\"," : "";
            var made = await PostAsync($"/api/v1/{plural}", $$"""{"name":"{{Name}}",{{where}}"spec":{{spec}} }""");
            known["id of " + plural] = (made.TryGetProperty("resource", out var resource) ? resource : made).GetProperty("id").GetString()!;
        }
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData("canary"u8));
        using (var blob = await api.Http.PutAsync($"/api/v1/blobs/{digest}", new ByteArrayContent("canary"u8.ToArray())))
            blob.EnsureSuccessStatusCode();
        var release = await PostAsync("/api/v1/releases",
            $$$"""{"name":"{{{Name}}}","project":"{{{Name}}}","spec":{"deployment":"{{{Name}}}","source":{"archive":"{{{digest}}}"} } }""");
        known["id of releases"] = release.GetProperty("id").GetString()!;
        await PostAsync($"/api/v1/secrets/{Name}/versions", """{"value":"canary-value-of-a"}""");
        await PostAsync("/api/model/import/JSON/SAMPLE_DATA/canary-of-a/1", """{"author":"canary-author-of-a"}""");
        using (var locked = await api.Http.PutAsync("/api/model/canary-of-a/1/lock", null)) locked.EnsureSuccessStatusCode();
        var created = await PostAsync("/api/entity/JSON/canary-of-a/1", """{"author":"canary-author-of-a"}""");
        known["entityId"] = created[0].GetProperty("entityIds")[0].GetString()!;
        known["transactionId"] = created[0].GetProperty("transactionId").GetString()!;
        known["jobId"] = (await PostAsync("/api/search/async/canary-of-a/1", """{"type":"group","operator":"AND","conditions":[]}""")).GetString()!;
        var client = await PostAsync("/api/clients", null);
        known["clientId"] = client.GetProperty("client_id").GetString()!;
        (known["digest"], known["dataFormat"], known["format"], known["converter"]) = (digest, "JSON", "JSON", "SAMPLE_DATA");
        (known["entityName"], known["modelVersion"], known["transition"], known["changeLevel"]) = (Name, "1", "restart", "TYPE");
        (known["version"], known["value"], known["author"]) = ("1", "canary-value-of-a", "canary-author-of-a");
        var page = await GetAsync("/api/v1/projects?limit=1");
        known["cursor"] = page.GetProperty("nextCursor").GetString()!;
        known["organization"] = page.GetProperty("items")[0].GetProperty("org").GetString()!;
        return known;
    }

    private async Task<HttpClient> StrangerAsync()
    {
        await PostAsync("/api/v1/organizations", """{"name":"stranger","spec":{}}""");
        return Client(await TokenAsync(api.Http, """{"name":"stranger","spec":{"roles":["admin"]}}""", "?org=stranger"));
    }

    private static async Task<string> TokenAsync(HttpClient by, string body, string query = "")
    {
        using var answer = await by.PostAsync("/api/v1/tokens" + query, Json(body));
        answer.EnsureSuccessStatusCode();
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("token").GetString()!;
    }

    private HttpClient Client(string token)
    {
        var http = new HttpClient { BaseAddress = api.Server.Options.ApiUrl };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private async Task<JsonElement> PostAsync(string path, string? body)
    {
        using var answer = await api.Http.PostAsync(path, body is null ? null : Json(body));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }

    private async Task<JsonElement> GetAsync(string path) => JsonElement.Parse(await api.Http.GetStringAsync(path));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
