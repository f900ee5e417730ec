using Strata.Benchmarks;

namespace Strata.Edge.Benchmarks;

internal enum Protocol
{
    Http1,

    /// <summary>Answers of 20 KB of text, for clients that take gzip.</summary>
    Http1Gzip,
    Http1OverTls,
    Http2OverTls,
}

/// <summary>What a proxy did in one turn: GETs on 64 connections, over HTTP/2 eight at a time on each.</summary>
/// <param name="PerCpuSecond">Requests per CPU second of the proxy.</param>
internal sealed record Round(WrkRun Load, double PerCpuSecond, double Megabytes)
{
    private const int Connections = 64;
    private const int StreamsEach = 8;

    public static async Task<Round> RunAsync(Proxy proxy, TimeSpan duration, Protocol protocol)
    {
        var before = proxy.CpuSeconds();
        var load = protocol switch
        {
            Protocol.Http1 => await Wrk.GetAsync(Connections, duration, $"http://127.0.0.1:{proxy.Port}/", Comparison.Host),
            Protocol.Http1Gzip => await Wrk.GetAsync(
                Connections, duration, $"http://127.0.0.1:{proxy.Port}{Peers.TextPath}", Comparison.Host, "Accept-Encoding: gzip"),
            Protocol.Http1OverTls => await Wrk.GetAsync(
                Connections, duration, $"https://{Comparison.SecureHost}:{proxy.Port}/", Comparison.SecureHost),
            _ => await H2Load.GetAsync(Connections, StreamsEach, duration, $"https://{Comparison.SecureHost}:{proxy.Port}/"),
        };
        return new Round(load, load.Requests / Math.Max(proxy.CpuSeconds() - before, 0.01), proxy.ResidentMegabytes());
    }
}
