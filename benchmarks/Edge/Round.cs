using Strata.Benchmarks;

namespace Strata.Edge.Benchmarks;

/// <summary>What a proxy did in one turn: keep-alive GETs on 64 connections.</summary>
/// <param name="PerCpuSecond">Requests per CPU second of the proxy.</param>
internal sealed record Round(WrkRun Load, double PerCpuSecond, double Megabytes)
{
    private const int Connections = 64;

    public static async Task<Round> RunAsync(Proxy proxy, TimeSpan duration)
    {
        var before = proxy.CpuSeconds();
        var load = await Wrk.GetAsync(Connections, duration, $"http://127.0.0.1:{proxy.Port}/", Comparison.Host);
        return new Round(load, load.Requests / Math.Max(proxy.CpuSeconds() - before, 0.01), proxy.ResidentMegabytes());
    }
}
