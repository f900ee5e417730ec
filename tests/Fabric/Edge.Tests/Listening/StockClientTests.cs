using System.Diagnostics;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Listening;

/// <summary>Clients that others wrote, where the machine has them.</summary>
public class StockClientTests
{
    public static readonly TheoryData<string, string, string> Clients = new()
    {
        { "curl", "-sv --http1.1 -H Host:app.localhost http://{0}/", "HTTP/1.1 200 OK" },
        { "curl", "-sv --http2-prior-knowledge -H Host:app.localhost http://{0}/", "HTTP/2 200" },
        { "nghttp", "-v -H :authority:app.localhost http://{0}/", ":status: 200" },
        { "h2load", "-n 500 -c 5 -m 10 -H :authority:app.localhost http://{0}/", "500 succeeded, 0 failed" },
    };

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Client_Stock_IsServed(string program, string arguments, string expected)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(p => File.Exists(Path.Combine(p, program))),
            $"{program} is not installed");
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        var start = new ProcessStartInfo(
            program, string.Format(System.Globalization.CultureInfo.InvariantCulture, arguments, edge.EndPoint)) { RedirectStandardOutput =
                true, RedirectStandardError = true };
        using var client = Process.Start(start)!;
        var (output, errors) = (client.StandardOutput.ReadToEndAsync(), client.StandardError.ReadToEndAsync());
        await client.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));
        Assert.Contains(expected, await output + await errors, StringComparison.Ordinal);
    }
}
