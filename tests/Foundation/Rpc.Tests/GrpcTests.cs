using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Strata.Rpc.Errors;

namespace Strata.Rpc.Tests;

/// <summary>gRPC, by the stock client of .NET.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private EchoHost host = null!;
    private Echo.EchoClient client = null!;

    public async ValueTask InitializeAsync()
    {
        host = await EchoHost.StartAsync(new RpcLimits { MessageBytesMax = 5 << 20 });
        client = new Echo.EchoClient(host.Channel());
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Unary_CarriesMessageMetadataAndTrailers()
    {
        var headers = new Metadata { { "x-ask", "a" }, { "x-ask-bin", new byte[] { 0, 255, 7 } } };
        using var call = client.UnaryAsync(new EchoRequest { Text = "ü", Payload = ByteString.CopyFrom(new byte[4_000_000]) }, headers);
        var reply = await call;
        Assert.Equal(("ü", 4_000_000), (reply.Text, reply.Payload.Length));
        Assert.Equal("a", call.GetTrailers().GetValue("x-told"));
        Assert.Equal([0, 255, 7], call.GetTrailers().GetValueBytes("x-told-bin"));
    }

    [Fact]
    public async Task Streams_OfEveryKind_CarryEachMessageInOrder()
    {
        using var server = client.Server(new EchoRequest { Text = "s", Count = 500 });
        Assert.Equal(Enumerable.Range(0, 500), (await server.ResponseStream.ReadAllAsync().ToListAsync()).Select(r => r.Number));
        using var sending = client.Client();
        for (var i = 0; i < 500; i++) await sending.RequestStream.WriteAsync(new EchoRequest { Text = "x" });
        await sending.RequestStream.CompleteAsync();
        Assert.Equal((new string('x', 500), 500), ((await sending).Text, (await sending).Number));
        using var duplex = client.Duplex();
        for (var i = 0; i < 200; i++)
        {
            await duplex.RequestStream.WriteAsync(new EchoRequest { Text = $"{i}" });
            Assert.True(await duplex.ResponseStream.MoveNext(default));
            Assert.Equal($"{i}", duplex.ResponseStream.Current.Text);
        }
        await duplex.RequestStream.CompleteAsync();
        Assert.False(await duplex.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task Error_IsToldWithCodeSentenceNextStepAndFaults_AlsoBehindMessages()
    {
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new EchoRequest { Fail = "NOT_TODAY" }));
        Assert.Equal((StatusCode.Aborted, "It failed, as it was asked to: 50 % ü."), (failed.StatusCode, failed.Status.Detail));
        var error = failed.ToError();
        Assert.Equal(("NOT_TODAY", "Do not ask."), (error.Code, error.NextStep));
        using var server = client.Server(new EchoRequest { Count = 3, Fail = "LATER" });
        var numbers = new List<int>();
        var later = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var reply in server.ResponseStream.ReadAllAsync()) numbers.Add(reply.Number);
        });
        Assert.Equal(("LATER", 3), (later.ToError().Code, numbers.Count));
    }

    [Fact]
    public async Task Deadline_EndsTheHandlerToo()
    {
        var late = await Assert.ThrowsAsync<RpcException>(
            async () =>
                await client.UnaryAsync(
                    new EchoRequest { DelayMs = 60_000 }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(200)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        await Wait.UntilAsync(() => host.Service.Open == 0, "the handler has ended");
    }

    [Fact]
    public async Task Cancel_ByTheClient_EndsTheHandler()
    {
        using var cancel = new CancellationTokenSource();
        using var duplex = client.Duplex(cancellationToken: cancel.Token);
        await duplex.RequestStream.WriteAsync(new EchoRequest { Text = "x" });
        Assert.True(await duplex.ResponseStream.MoveNext(default));
        await cancel.CancelAsync();
        await Wait.UntilAsync(() => host.Service.Open == 0, "the handler has ended");
    }

    [Fact]
    public async Task Message_AboveTheLimit_IsRefused()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await client.UnaryAsync(new EchoRequest { Payload = ByteString.CopyFrom(new byte[6 << 20]) }));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    /// <summary>A handler that takes nothing holds the sender back: no more than the windows of HTTP/2 is on its way.</summary>
    [Fact]
    public async Task Handler_ThatDoesNotTake_HoldsTheSenderBack()
    {
        var gate = new TaskCompletionSource();
        host.Service.Gate = () => gate.Task;
        using var sending = client.Client();
        var sent = 0;
        var block = ByteString.CopyFrom(new byte[64 * 1024]);
        var pushing = Task.Run(async () =>
        {
            for (; sent < 1000; sent++) await sending.RequestStream.WriteAsync(new EchoRequest { Payload = block });
        }, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<TimeoutException>(() => pushing.WaitAsync(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken));
        Assert.InRange(sent, 1, 200);
        Assert.Equal(0, host.Service.Taken);
        gate.SetResult();
        await pushing;
        await sending.RequestStream.CompleteAsync();
        Assert.Equal(1000, (await sending).Number);
    }

    [Fact]
    public async Task Compressed_BothWays_IsRead()
    {
        var headers = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        var text = new string('z', 100_000);
        Assert.Equal(text, (await client.UnaryAsync(new EchoRequest { Text = text }, headers)).Text);
    }

    /// <summary>As anyone can with curl.</summary>
    [Fact]
    public async Task Connect_ByPlainHttp_SpeaksJson()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        using var body = new StringContent("""{"text":"ü","count":0}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/strata.test.Echo/Unary", body, TestContext.Current.CancellationToken);
        Assert.Equal("""{"text":"ü"}""", (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Replace(" ", "", StringComparison.Ordinal));
        using var http2 = new HttpRequestMessage(HttpMethod.Post, "/strata.test.Echo/Unary") { Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StringContent("""{"text":"ü"}""", System.Text.Encoding.UTF8, "application/json") };
        using var over2 = await http.SendAsync(http2, TestContext.Current.CancellationToken);
        Assert.Equal("""{"text":"ü"}""", (await over2.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Replace(" ", "", StringComparison.Ordinal));
        using var faulty = new StringContent("""{"text":7}""", System.Text.Encoding.UTF8, "application/json");
        using var refused = await http.PostAsync("/strata.test.Echo/Unary", faulty, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(
            "invalid_argument", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_CarriesCallsAndStreams()
    {
        using var trusting = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) =>
            shown?.GetCertHashString() == EchoHost.Certificate.Thumbprint } };
        using var channel = GrpcChannel.ForAddress(host.TlsAddress, new GrpcChannelOptions { HttpHandler = trusting });
        var secure = new Echo.EchoClient(channel);
        Assert.Equal("ü", (await secure.UnaryAsync(new EchoRequest { Text = "ü" })).Text);
        using var server = secure.Server(new EchoRequest { Text = "s", Count = 50 });
        Assert.Equal(50, await server.ResponseStream.ReadAllAsync().CountAsync());
    }

    [Fact]
    public async Task HealthAndReflection_AreThere()
    {
        var health = new Health.HealthClient(host.Channel());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving,
            (await health.CheckAsync(new HealthCheckRequest { Service = "strata.test.Echo" })).Status);
        var reflection = new Grpc.Reflection.V1Alpha.ServerReflection.ServerReflectionClient(host.Channel());
        using var asked = reflection.ServerReflectionInfo();
        await asked.RequestStream.WriteAsync(new Grpc.Reflection.V1Alpha.ServerReflectionRequest { ListServices = "" });
        Assert.True(await asked.ResponseStream.MoveNext(default));
        Assert.Contains("strata.test.Echo", asked.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name));
    }
}
