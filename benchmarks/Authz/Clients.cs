using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Strata.Entity.Benchmarks;

namespace Strata.Authz.Benchmarks;

/// <summary>A machine client, as its holder knows it.</summary>
internal sealed record Client(string Id, string Secret)
{
    private const string Grant = "grant_type=client_credentials";
    private const string TokenPath = "/api/oauth/token";

    private string Basic => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Id}:{Secret}"));

    /// <param name="algorithm">By which its tokens are signed.</param>
    /// <param name="organization">Its name; null: the administrator's own.</param>
    public static async Task<Client> CreateAsync(Cloud cloud, string algorithm, string? organization = null)
    {
        var query = organization is null ? "" : $"?org={organization}";
        var made = await cloud.SendAsync("POST", "/api/clients" + query, null);
        var client = new Client(made.GetProperty("client_id").GetString()!, made.GetProperty("client_secret").GetString()!);
        using var patch = new StringContent(
            JsonSerializer.Serialize(new { spec = new { signingAlgorithm = algorithm } }), Encoding.UTF8, "application/merge-patch+json");
        using var patched = await cloud.Http.PatchAsync($"/api/v1/clients/cli_{client.Id[^26..]}{query}", patch);
        patched.EnsureSuccessStatusCode();
        return client;
    }

    public async Task<string> TokenAsync(Cloud cloud)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, TokenPath)
        {
            Content = new StringContent(Grant, Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Basic);
        using var answer = await cloud.Http.SendAsync(request);
        var text = await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        return JsonElement.Parse(text).GetProperty("access_token").GetString()!;
    }

    /// <summary>For wrk: token requests of these clients, one after the other.</summary>
    public static string Script(IEnumerable<Client> clients) => Scripts.InTurns(
        "POST", TokenPath, clients.Select(c => $$"""{["Authorization"] = "Basic {{c.Basic}}", {{Scripts.Form}}}"""), Grant);
}

/// <summary>What wrk does, in Lua.</summary>
internal static class Scripts
{
    public const string Form = """["Content-Type"] = "application/x-www-form-urlencoded" """;

    /// <summary>The same request with one set of headers after the other.</summary>
    public static string InTurns(string method, string path, IEnumerable<string> headers, string body) => $$"""
        local requests, n = {}, 0
        function init(args)
          for _, headers in ipairs({{{string.Join(",", headers)}}}) do
            requests[#requests + 1] = wrk.format("{{method}}", "{{path}}", headers, "{{body}}")
          end
        end
        function request() n = n % #requests + 1; return requests[n] end
        """;

    /// <summary>Checks of these tokens, at an endpoint that itself reads nothing.</summary>
    public static string Check(IEnumerable<string> tokens) =>
        InTurns("GET", "/api/v1/compute/members", tokens.Select(t => $$"""{["Authorization"] = "Bearer {{t}}"}"""), "");
}
