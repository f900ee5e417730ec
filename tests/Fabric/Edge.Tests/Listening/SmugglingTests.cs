using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Listening;

/// <summary>
/// Requests that two readers can read differently: each is refused with 400, its connection ends, and no instance hears of it.
/// </summary>
public class SmugglingTests
{
    private const string Host = "Host: app.localhost\r\n";

    public static readonly TheoryData<string, string> Refused = new()
    {
        { "length and chunked", $"POST / HTTP/1.1\r\n{Host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX" },
        { "chunked and length", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX" },
        { "two lengths", $"POST / HTTP/1.1\r\n{Host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
        { "two equal lengths", $"POST / HTTP/1.1\r\n{Host}Content-Length: 1\r\nContent-Length: 1\r\n\r\na" },
        { "list of lengths", $"POST / HTTP/1.1\r\n{Host}Content-Length: 1, 1\r\n\r\na" },
        { "signed length", $"POST / HTTP/1.1\r\n{Host}Content-Length: +1\r\n\r\na" },
        { "negative length", $"POST / HTTP/1.1\r\n{Host}Content-Length: -1\r\n\r\na" },
        { "negative zero length", $"POST / HTTP/1.1\r\n{Host}Content-Length: -0\r\n\r\n" },
        { "hexadecimal length", $"POST / HTTP/1.1\r\n{Host}Content-Length: 0x1\r\n\r\na" },
        { "length with a blank", $"POST / HTTP/1.1\r\n{Host}Content-Length: 1 1\r\n\r\na" },
        { "empty length", $"POST / HTTP/1.1\r\n{Host}Content-Length: \r\n\r\na" },
        { "huge length", $"POST / HTTP/1.1\r\n{Host}Content-Length: 99999999999999999999\r\n\r\na" },
        { "bare LF after the request line", $"GET / HTTP/1.1\n{Host}\r\n" },
        { "bare LF after a header", "GET / HTTP/1.1\r\nHost: app.localhost\n\r\n" },
        { "bare LF at the end of the head", $"GET / HTTP/1.1\r\n{Host}\n" },
        { "bare LF within a header", $"GET / HTTP/1.1\r\n{Host}A: b\nX: y\r\n\r\n" },
        { "bare CR within a header", $"GET / HTTP/1.1\r\n{Host}A: b\rX: y\r\n\r\n" },
        { "NUL in a header", $"GET / HTTP/1.1\r\n{Host}A: b\0c\r\n\r\n" },
        { "control character in a header", $"GET / HTTP/1.1\r\n{Host}A: b\u0001c\r\n\r\n" },
        { "two hosts", $"GET / HTTP/1.1\r\n{Host}Host: other.localhost\r\n\r\n" },
        { "two equal hosts", $"GET / HTTP/1.1\r\n{Host}{Host}\r\n" },
        { "no host", "GET / HTTP/1.1\r\n\r\n" },
        { "host with a path", "GET / HTTP/1.1\r\nHost: app.localhost/x\r\n\r\n" },
        { "host and target differ", $"GET http://other.localhost/ HTTP/1.1\r\n{Host}\r\n" },
        { "folded header", $"GET / HTTP/1.1\r\n{Host}A: b\r\n c\r\n\r\n" },
        { "folded first header", "GET / HTTP/1.1\r\n Host: app.localhost\r\n\r\n" },
        { "blank before the colon", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" },
        { "header without a colon", $"GET / HTTP/1.1\r\n{Host}Nonsense\r\n\r\n" },
        { "header with an empty name", $"GET / HTTP/1.1\r\n{Host}: x\r\n\r\n" },
        { "header name with a bracket", $"GET / HTTP/1.1\r\n{Host}A(b): x\r\n\r\n" },
        { "unknown encoding", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { "identity encoding", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" },
        { "two encodings", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
        { "chunked twice", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "chunked not last", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
        { "encoding with a vertical tab", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n" },
        { "chunked in HTTP/1.0", $"POST / HTTP/1.0\r\n{Host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "size of a chunk is not a number", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n" },
        { "size of a chunk is signed", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n" },
        { "size of a chunk overflows", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n" },
        { "chunk ends with bare LF", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n" },
        { "extension ends with bare LF", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n1;x\na\r\n0\r\n\r\n" },
        { "extension holds bare CR",
        $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n1;x\rGET / HTTP/1.1\r\n\r\na\r\n0\r\n\r\n" },
        { "chunk longer than its size", $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" },
        { "blank in the target", $"GET /a b HTTP/1.1\r\n{Host}\r\n" },
        { "no version", $"GET /\r\n{Host}\r\n" },
        { "method with a bracket", $"GE(T / HTTP/1.1\r\n{Host}\r\n" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Request_Ambiguous_IsRefusedAndConnectionCloses(string what, string request)
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(edge.EndPoint, request + $"GET /smuggled HTTP/1.1\r\n{Host}\r\n");

        Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), $"{what}: {answer}");
        Assert.Equal(1, answer.Split("HTTP/1.1 ").Length - 1);
        Assert.DoesNotContain(origin.Requests, r => r.Contains("/smuggled", StringComparison.Ordinal));
    }

    public static readonly TheoryData<string, string, int> Limited = new()
    {
        { "version 3", $"GET / HTTP/3.7\r\n{Host}\r\n", 505 },
        { "CONNECT", "CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost:80\r\n\r\n", 501 },
        { "target is not a path", $"GET app.localhost HTTP/1.1\r\n{Host}\r\n", 405 },
        { "TRACE", $"TRACE / HTTP/1.1\r\n{Host}\r\n", 501 },
        { "long target", $"GET /{new string('a', 20_000)} HTTP/1.1\r\n{Host}\r\n", 414 },
        { "large head", $"GET / HTTP/1.1\r\n{Host}A: {new string('a', 40_000)}\r\n\r\n", 431 },
        { "many headers", $"GET / HTTP/1.1\r\n{Host}{string.Concat(Enumerable.Range(0, 150).Select(i => $"H{i}: x\r\n"))}\r\n", 431 },
    };

    [Theory]
    [MemberData(nameof(Limited))]
    public async Task Request_BeyondLimits_IsRefusedWithItsStatus(string what, string request, int status)
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(edge.EndPoint, request);

        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer}");
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task Body_OverTheLimit_Is413()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, o => o with { Limits = o.Limits with { RequestBodyBytesMax = 1000 } });

        var byLength = await RawClient.AskAsync(edge.EndPoint, $"POST / HTTP/1.1\r\n{Host}Content-Length: 1001\r\n\r\n");
        var byChunks = await RawClient.AskAsync(
            edge.EndPoint, $"POST / HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{new string('x', 1001)}\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", byLength);
        Assert.StartsWith("HTTP/1.1 413 ", byChunks);
        Assert.Contains("BODY_TOO_LARGE", byLength, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipelined_Requests_AreAnsweredInOrder()
    {
        await using var origin = new RawOrigin(async c =>
        {
            while (await c.ReadHeadAsync() is { } head)
            {
                var path = head.Split(' ')[1];
                await c.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}");
            }
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(
            edge.EndPoint, $"GET /1 HTTP/1.1\r\n{Host}\r\nGET /2 HTTP/1.1\r\n{Host}\r\nGET /3 HTTP/1.1\r\n{Host}Connection: close\r\n\r\n");

        Assert.Equal(3, answer.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.True(answer.IndexOf("/1", StringComparison.Ordinal) < answer.IndexOf("/2", StringComparison.Ordinal));
        Assert.EndsWith("/3", answer);
    }
}
