using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Strata.Benchmarks;
using Strata.Entity.Benchmarks;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// How many access tokens clients get for their secrets, by the server's processor time, so that neither the load generator nor others on
/// the machine count; and how many bare signatures of the same key the same core makes, which is the limit.
/// </summary>
internal static class IssueBenchmark
{
    private const double TargetPerSecond = 2_000;
    private const int Connections = 64;
    private const int ClientsEach = 10;
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(4);

    public static async Task<(double Rs256, double Es256)> RunAsync(Cloud cloud, int rounds, TimeSpan duration)
    {
        var rsa = await PrepareAsync(cloud, SecurityAlgorithms.RsaSha256);
        var ec = await PrepareAsync(cloud, SecurityAlgorithms.EcdsaSha256);
        return (await OneAsync(cloud, SecurityAlgorithms.RsaSha256, rsa, rounds, duration, BareRsa(cloud.Cpu)),
            await OneAsync(cloud, SecurityAlgorithms.EcdsaSha256, ec, rounds, duration, BareEc(cloud.Cpu)));
    }

    /// <returns>The script of its load, which has run for a while.</returns>
    private static async Task<string> PrepareAsync(Cloud cloud, string algorithm)
    {
        var script = cloud.PathOf($"issue-{algorithm}.lua");
        await File.WriteAllTextAsync(script, Client.Script(await ManyAsync(ClientsEach, () => Client.CreateAsync(cloud, algorithm))));
        await RunAsync(cloud, script, Warm);
        return script;
    }

    private static async Task<double> OneAsync(
        Cloud cloud, string algorithm, string script, int rounds, TimeSpan duration, double signatureUs)
    {
        var costs = new List<Cost>();
        for (var round = 1; round <= rounds; round++)
        {
            var (run, cost) = await cloud.RestedAsync(() => RunAsync(cloud, script, duration), duration);
            Say($"round {round}: tokens by {algorithm} {run}; {cost}");
            costs.Add(cost);
        }
        var server = Median(costs.Select(c => c.Server));
        Target($"tokens by {algorithm}", Math.Round(1e6 / server), TargetPerSecond, " a second of one core", isFloor: true);
        Say($"the bare signature, {algorithm}: {1e6 / signatureUs:0} a second of one core; {signatureUs:0} of the token's {server:0} µs");
        return 1e6 / server;
    }

    private static Task<WrkRun> RunAsync(Cloud cloud, string script, TimeSpan duration) =>
        Wrk.RunAsync(script, 2, Connections, duration, cloud.Url);

    private static double BareRsa(Cpu cpu)
    {
        using var rsa = RSA.Create(2048);
        return SignatureUs(cpu, data => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static double BareEc(Cpu cpu)
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SignatureUs(cpu, data => ec.SignData(data, HashAlgorithmName.SHA256));
    }

    private static double SignatureUs(Cpu cpu, Func<byte[], byte[]> sign)
    {
        const int Count = 2_000;
        var data = RandomNumberGenerator.GetBytes(800);
        for (var i = 0; i < Count / 10; i++) sign(data);
        var before = cpu.Used().Program;
        for (var i = 0; i < Count; i++) sign(data);
        return (cpu.Used().Program - before) * 1e6 / Count;
    }
}
