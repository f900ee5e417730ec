using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Entity.Benchmarks;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// How long it takes to verify an access token (RS256) and decide a permission: of a token that was seen before, of one that was not, and
/// of the first of its client. In turns with the validation of the same tokens by Microsoft.IdentityModel alone, which decides nothing.
/// </summary>
internal static class DecisionBenchmark
{
    private const int Clients = 10;
    private const int Tokens = 500;
    private const int Repeats = 10;

    /// <summary>Until the runtime has compiled what is called often for the last time.</summary>
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(3);

    public static async Task<(double FirstUs, double PeerUs, double CachedUs)> RunAsync(Cloud cloud, int rounds)
    {
        var clients = await ManyAsync(Clients, () => Client.CreateAsync(cloud, SecurityAlgorithms.RsaSha256));
        var signer = await (await Client.CreateAsync(cloud, SecurityAlgorithms.RsaSha256)).TokenAsync(cloud);
        var firstOnes = await ManyAsync(Clients, clients, c => c.TokenAsync(cloud));
        var tokens = await ManyAsync(Tokens, clients, c => c.TokenAsync(cloud));
        var validate = await PeerAsync(cloud);
        await using var evaluator = await Evaluator.OpenAsync(cloud);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Warm;) await RoundAsync();
        var (of, queries) = (new List<Times>(), 0L);
        for (var round = 0; round < rounds; round++)
        {
            of.Add(await RoundAsync());
            queries += of[^1].Queries;
        }
        var (client, first, cached, peer) = (P50(t => t.Client), P50(t => t.First), P50(t => t.Cached), P50(t => t.Peer));
        Target("verify and decide, the token is cached", cached, 10, " µs (p50)");
        Target("verify and decide, the token is new, its client known (RS256)", first, 60, " µs (p50)");
        Target($"queries of the database for {rounds * Tokens * (Repeats + 1)} of these", queries, 0, "");
        Say($"the same, the client is new too: {client:0} µs (p50), {(double)of[0].ClientQueries / Clients:0.0} queries");
        Say($"Microsoft.IdentityModel alone, without a decision: {peer:0.0} µs (p50); the bare signature's check: {BareVerifyUs():0.0} µs");
        return (first, peer, cached);

        double P50(Func<Times, IEnumerable<double>> times) => Median(of.SelectMany(times));

        async Task<Times> RoundAsync()
        {
            await evaluator.RestartAsync();
            await evaluator.DecideAsync(signer); // reads the cloud's keys, which are then kept
            var start = evaluator.Queries;
            var ofClients = await TimesAsync(firstOnes, evaluator.DecideAsync);
            var known = evaluator.Queries;
            var ofPeer = await TimesAsync(tokens, validate);
            var ofFirst = await TimesAsync(tokens, evaluator.DecideAsync);
            var ofCached = new List<double>();
            for (var i = 0; i < Repeats; i++) ofCached.AddRange(await TimesAsync(tokens, evaluator.DecideAsync));
            return new Times(ofClients, ofFirst, ofCached, ofPeer, known - start, evaluator.Queries - known);
        }
    }

    /// <summary>The library as its documentation has it, with the key that the cloud publishes.</summary>
    private static async Task<Func<string, ValueTask>> PeerAsync(Cloud cloud)
    {
        var handler = new JsonWebTokenHandler();
        var rules = new TokenValidationParameters
        {
            ValidIssuer = cloud.Url + "/api", ValidateAudience = false, ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            IssuerSigningKeys = new JsonWebKeySet(await cloud.Http.GetStringAsync("/api/.well-known/jwks.json")).GetSigningKeys(),
        };
        return async token =>
        {
            if (!(await handler.ValidateTokenAsync(token, rules)).IsValid) throw new InvalidOperationException("The peer refused a token.");
        };
    }

    private static double BareVerifyUs()
    {
        using var rsa = RSA.Create(2048);
        var data = RandomNumberGenerator.GetBytes(800);
        var signature = rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var times = new List<double>();
        for (var i = 0; i < Tokens; i++)
        {
            var start = Stopwatch.GetTimestamp();
            rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
        return Median(times);
    }

    private static async Task<List<double>> TimesAsync(IEnumerable<string> tokens, Func<string, ValueTask> operation)
    {
        var times = new List<double>();
        foreach (var token in tokens)
        {
            var start = Stopwatch.GetTimestamp();
            await operation(token);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
        return times;
    }

    private sealed record Times(
        List<double> Client, List<double> First, List<double> Cached, List<double> Peer, long ClientQueries, long Queries);
}
