using System.Diagnostics;
using System.Net;
using Microsoft.IdentityModel.Tokens;
using Strata.Entity.Benchmarks;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// How long after one server has acknowledged a revocation another server of the cloud accepts the token: of Strata tokens that are
/// revoked, and of access tokens whose client is deleted. The other server has the token in its cache each time.
/// </summary>
internal static class RevocationBenchmark
{
    private const double TargetMs = 1_000;
    private const int Uses = 5;

    /// <returns>The longest, in ms.</returns>
    public static async Task<double> RunAsync(Cloud cloud, int rounds)
    {
        var other = await cloud.AddServerAsync();
        var (tokens, clients) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var name = $"revoked-{round}";
            var made = await cloud.SendAsync("POST", "/api/v1/tokens", $$$"""{"name":"{{{name}}}","spec":{"roles":["developer"]}}""");
            tokens.Add(await RevokeAsync(cloud, other, made.GetProperty("token").GetString()!, $"/api/v1/tokens/{name}"));
            var client = await Client.CreateAsync(cloud, SecurityAlgorithms.EcdsaSha256);
            clients.Add(await RevokeAsync(cloud, other, await client.TokenAsync(cloud), $"/api/clients/{client.Id}"));
        }
        Target($"a revoked token is refused by another server after (p50 {Median(tokens):0.0} ms), at most", tokens.Max(), TargetMs, " ms");
        Target($"those of a deleted client (p50 {Median(clients):0.0} ms), at most", clients.Max(), TargetMs, " ms");
        return Math.Max(tokens.Max(), clients.Max());
    }

    private static async Task<double> RevokeAsync(Cloud cloud, Uri other, string token, string path)
    {
        using var http = Cloud.Client(token, other);
        for (var use = 0; use < Uses; use++)
            if (await StatusAsync(http) != HttpStatusCode.OK) throw new InvalidOperationException("The other server refused a token.");
        using var revoked = await cloud.Http.DeleteAsync(path);
        revoked.EnsureSuccessStatusCode();
        var start = Stopwatch.GetTimestamp();
        while (await StatusAsync(http) != HttpStatusCode.Unauthorized)
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromMinutes(1)) throw new InvalidOperationException("It is never refused.");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http)
    {
        using var answer = await http.GetAsync("/api/v1/compute/members");
        return answer.StatusCode;
    }
}
