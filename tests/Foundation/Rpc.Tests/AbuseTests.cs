using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace Strata.Rpc.Tests;

/// <summary>Runs by itself: it looks at the memory and threads of the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Ten thousand calls that no decent client makes: each ends with a status, and nothing of them is left.</summary>
[Collection(nameof(Alone))]
public sealed class AbuseTests : IAsyncLifetime
{
    private const int Calls = 10_000;
    private const int AtOnce = 64;
    private const string Ended = "an end";

    private static readonly byte[] Message = new EchoRequest { Text = "x", Count = 1_000_000 }.ToByteArray();

    private EchoHost host = null!;
    private HttpClient http = null!;

    private Func<CancellationToken, Task<string>>[] Abuses =>
    [
        ct => SendAsync("Unary", Frame(0, uint.MaxValue, Message), ct),       // longer than any message
        ct => SendAsync("Unary", Frame(0, 100_000, Message), ct),             // cut off
        ct => SendAsync("Unary", Frame(0, 3, [255, 255, 255]), ct),           // not protobuf
        ct => SendAsync("Unary", Frame(1, 3, [1, 2, 3]), ct),                 // compressed by nothing that was named
        ct => SendAsync("Unary", Frame(9, 3, [1, 2, 3]), ct),                 // a flag that is none
        // two where one is due
        ct => SendAsync("Unary", [.. Frame(0, (uint)Message.Length, Message), .. Frame(0, (uint)Message.Length, Message)], ct),
        ct => SendAsync("Unary", [0, 0], ct),                                 // half a prefix
        ct => SendAsync("Unary", [], ct),
        ct => SendAsync("Duplex", [.. Frame(0, (uint)Message.Length, Message), 1, 2, 3], ct),
        ct => SendAsync("Nothing", Frame(0, 0, []), ct),
        ct => SendAsync("Unary", Frame(0, 0, []), ct, "text/html"),
        LeaveAsync,
        ResetAsync,
        BigHeadersAsync,
        RawAsync,
    ];

    public async ValueTask InitializeAsync()
    {
        host = await EchoHost.StartAsync(new RpcLimits { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true }) { BaseAddress = host.Address,
            Timeout = TimeSpan.FromSeconds(60) };
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task TenThousandCalls_EachEnds_AndNothingIsLeft()
    {
        using var active = new ActiveRequests(host.Meters);
        await AbuseAsync(500); // what is set up once is no leak
        var before = await UseAsync();
        await AbuseAsync(Calls);
        await Wait.UntilAsync(() => host.Service.Open == 0 && active.Count == 0, "every handler and request has ended");
        var after = await UseAsync();
        Assert.InRange(after.Threads, 0, before.Threads + 16);
        Assert.InRange(after.Bytes, 0, before.Bytes + (32 << 20));
        using var channel = host.Channel();
        Assert.Equal("still here", (await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest { Text = "still here" })).Text);
    }

    [Fact]
    public async Task SlowBodies_EndInTime()
    {
        using var active = new ActiveRequests(host.Meters);
        var slow = Enumerable.Range(0, 100).Select(_ => SlowAsync(TestContext.Current.CancellationToken));
        var ending = Task.WhenAll(slow);
        await Wait.UntilAsync(() => active.Count > 0, "some are at work");
        Assert.All(await ending, status => Assert.Equal("4", status)); // DEADLINE_EXCEEDED
        await Wait.UntilAsync(() => host.Service.Open == 0 && active.Count == 0, "every handler and request has ended");
    }

    private Task AbuseAsync(int calls) =>
        Parallel.ForAsync(
            0, calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (i, ct) =>
    {
        var status = await Abuses[i % Abuses.Length](ct);
        Assert.True(status is not ("" or "0" or "200"), $"abuse {i % Abuses.Length} ended with \"{status}\"");
    });

    private static async Task<(int Threads, long Bytes)> UseAsync()
    {
        await Task.Delay(500, TestContext.Current.CancellationToken);
        using var self = Process.GetCurrentProcess();
        return (self.Threads.Count, GC.GetTotalMemory(forceFullCollection: true));
    }

    private static byte[] Frame(byte flag, uint length, byte[] body)
    {
        var frame = new byte[5 + body.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length);
        body.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>The status that the client was told: of the call, or of HTTP where it was no call.</summary>
    private async Task<string> SendAsync(string method, byte[] body, CancellationToken ct, string mediaType = "application/grpc") =>
        await SendAsync(method, new ByteArrayContent(body), mediaType, ct);

    private async Task<string> SendAsync(string method, HttpContent content, string mediaType, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/strata.test.Echo/" + method) { Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        await response.Content.CopyToAsync(Stream.Null, ct);
        var told = response.TrailingHeaders.TryGetValues("grpc-status", out var trailer)
            ? trailer : response.Headers.TryGetValues("grpc-status", out var header) ? header : [];
        return told.FirstOrDefault() ?? ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Asks for a million messages and leaves at the first.</summary>
    private async Task<string> LeaveAsync(CancellationToken ct)
    {
        using var channel = new ByteArrayContent(Frame(0, (uint)Message.Length, Message));
        channel.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/strata.test.Echo/Server") { Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = channel };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        await using var answer = await response.Content.ReadAsStreamAsync(ct);
        Assert.True(await answer.ReadAsync(new byte[64], ct) > 0);
        return Ended;
    }

    /// <summary>Resets the stream in the middle of its request.</summary>
    private async Task<string> ResetAsync(CancellationToken ct)
    {
        using var content = new Halting(Frame(0, 100_000, Message));
        using var reset = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sending = SendAsync("Unary", content, "application/grpc", reset.Token);
        await content.Halted;
        await reset.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        return Ended;
    }

    private async Task<string> SlowAsync(CancellationToken ct)
    {
        using var content = new Halting(Frame(0, 100_000, Message));
        return await SendAsync("Unary", content, "application/grpc", ct);
    }

    private async Task<string> BigHeadersAsync(CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/strata.test.Echo/Unary") { Version = HttpVersion.Version11,
            Content = new ByteArrayContent(Frame(0, 0, [])) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc-web");
        request.Headers.Add("x-ask", new string('a', 50_000));
        request.Headers.ConnectionClose = true;
        try
        {
            using var response = await http.SendAsync(request, ct);
            return ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return Ended; // the answer, 431, may be overtaken by the end of the connection
        }
    }

    /// <summary>The preface of HTTP/2, and then nonsense.</summary>
    private async Task<string> RawAsync(CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(host.Address.Authority), ct);
        await socket.SendAsync(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + new string('\u007f', 200)), ct);
        try
        {
            while (await socket.ReceiveAsync(new byte[1024], ct) > 0) { }
        }
        catch (SocketException)
        {
            // reset: ended too
        }
        return Ended;
    }

    /// <summary>A body that begins and does not go on.</summary>
    private sealed class Halting(byte[] beginning) : HttpContent
    {
        private readonly TaskCompletionSource halted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Halted => halted.Task;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(beginning, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            halted.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Requests that the server has at work, by its own measure.</summary>
    private sealed class ActiveRequests : IDisposable
    {
        private readonly MeterListener listener = new();
        private long count;

        public ActiveRequests(IMeterFactory ofTheServer)
        {
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "http.server.active_requests" && instrument.Meter.Scope == ofTheServer)
                    l.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref count, change));
            listener.Start();
        }

        public long Count => Interlocked.Read(ref count);

        public void Dispose() => listener.Dispose();
    }
}
