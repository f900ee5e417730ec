using System.Buffers.Binary;
using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Strata.Wire.CloudEvents;

namespace Strata.Client.Tests;

/// <summary>A member whose server sends more calls than agreed, reads no answers, or never closes the stream.</summary>
public sealed class HostileMemberServerTests : IAsyncLifetime
{
    private const int Places = 2;

    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<string> heard = [];
    private readonly TaskCompletionSource finish = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication app = null!;
    private StrataClient client = null!;
    private readonly TaskCompletionSource readsFromNow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int calls;
    private bool reads = true;
    private int running;
    private int runningMost;
    private int done;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0")
            .ConfigureKestrel(k => k.ConfigureEndpointDefaults(e => e.Protocols = HttpProtocols.Http2));
        app = builder.Build();
        app.Run(ServeAsync);
        await app.StartAsync();
        client = new StrataClient(new Uri(app.Urls.First()), "stk_secret");
    }

    public async ValueTask DisposeAsync()
    {
        finish.TrySetResult();
        await stop.CancelAsync();
        client.Dispose();
        await app.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task Calls_MoreThanAgreed_WaitInBoundedNumber_AndTheRestIsRefused()
    {
        calls = 20;
        using var leave = new CancellationTokenSource();
        var serving = Member(TimeSpan.FromMinutes(5)).RunAsync(leave.Token);
        await Wait.UntilAsync(() => heard.Count(e =>
            e.Contains("MEMBER_BUSY", StringComparison.Ordinal)) == calls - 2 * Places, "what is too much is refused");
        await Wait.UntilAsync(() => Volatile.Read(ref running) == Places, "the handlers run");
        finish.SetResult();
        await Wait.UntilAsync(() => Volatile.Read(ref done) == 2 * Places, "those that waited are served too");
        Assert.Equal(Places, runningMost);
        await stop.CancelAsync();
        await leave.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task Calls_WhoseAnswersAreNotRead_StartNoMoreHandlersThanPlaces()
    {
        (calls, reads) = (5_000, false);
        using var leave = new CancellationTokenSource();
        var serving = Member(TimeSpan.FromMilliseconds(200)).RunAsync(leave.Token);
        await Wait.UntilAsync(() => Volatile.Read(ref running) == Places, "the handlers run");
        finish.SetResult();
        await Wait.UntilAsync(() => Volatile.Read(ref done) >= Places, "they end");
        Assert.True(runningMost <= Places);
        await leave.CancelAsync();
        await serving.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Leaving_WhileNothingCanBeSent_IsAnnouncedAsSoonAsTheServerReads()
    {
        (calls, reads) = (20_000, false); // their refusals fill the windows of the connection and the queue behind them
        using var leave = new CancellationTokenSource();
        var serving = Member(TimeSpan.FromHours(1)).RunAsync(leave.Token);
        await greeted.Task.WaitAsync(TimeSpan.FromMinutes(2)); // the greeting comes after the calls
        await leave.CancelAsync();
        readsFromNow.SetResult();
        await Wait.UntilAsync(() => heard.Any(e => e.Contains("Leave", StringComparison.Ordinal)), "the server hears that it leaves");
        await stop.CancelAsync();
        await serving.WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>Neither a handler that does not end nor a server that never closes the stream keeps the member for ever.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Leaving_AServerThatNeverAnswers_EndsByTheDeadline(int begun)
    {
        calls = begun;
        using var leave = new CancellationTokenSource();
        var serving = Member(TimeSpan.FromMilliseconds(200)).RunAsync(leave.Token);
        await Wait.UntilAsync(() => heard.Any(e => e.Contains("Join", StringComparison.Ordinal))
            && Volatile.Read(ref running) == begun, "it has joined");
        await leave.CancelAsync();
        await serving.WaitAsync(TimeSpan.FromMinutes(2));
        await Wait.UntilAsync(() => Volatile.Read(ref running) == 0, "the handler is cancelled");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10_001)]
    public void Options_OutOfRange_AreRefused(int max) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new ComputeMember(client, new MemberOptions { Tags = ["t"], ConcurrentCallsMax = max }));

    [Theory]
    [InlineData(-1)]
    [InlineData(25)]
    public void Options_LeaveTimeoutOutOfRange_AreRefused(int hours) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Member(TimeSpan.FromHours(hours)));

    private ComputeMember Member(TimeSpan leaves) => new(client, new MemberOptions
    {
        Tags = ["t"], ConcurrentCallsMax = Places, LeaveTimeout = leaves, OnJoined = () => greeted.TrySetResult(),
    }, new Handlers(this));

    /// <summary>gRPC by hand: a hostile server keeps to no library's rules.</summary>
    private async Task ServeAsync(HttpContext http)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, http.RequestAborted);
        http.Response.ContentType = "application/grpc";
        await http.Response.StartAsync(ends.Token);
        try
        {
            var reading = ReadAsync(http.Request.Body, ends.Token);
            for (var call = 0; call < calls; call++) await http.Response.Body.WriteAsync(Frame(call), ends.Token);
            await http.Response.Body.WriteAsync(Frame(new CloudEvent
            {
                Id = "greeting", Source = "hostile", SpecVersion = "1.0", Type = "CalculationMemberGreetEvent", TextData = "{}",
            }), ends.Token);
            await http.Response.Body.FlushAsync(ends.Token);
            await Task.Delay(Timeout.Infinite, ends.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The test or the member has left.
        }
    }

    private async Task ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        if (!reads) await readsFromNow.Task.WaitAsync(cancellationToken);
        var head = new byte[5];
        while (await body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) == head.Length)
        {
            var message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
            await body.ReadExactlyAsync(message, cancellationToken);
            var received = CloudEvent.Parser.ParseFrom(message);
            heard.Add($"{received.Type} {received.TextData}");
        }
    }

    private static byte[] Frame(int call) => Frame(new CloudEvent
    {
        Id = $"{call}", Source = "hostile", SpecVersion = "1.0", Type = "EntityProcessorCalculationRequest",
        TextData = $$"""{"requestId":"{{call}}","entityId":"{{Guid.CreateVersion7()}}","processorName":"work"}""",
    });

    private static byte[] Frame(CloudEvent sent)
    {
        var message = sent.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private sealed class Handlers(HostileMemberServerTests test)
    {
        [Processor("work")]
        public async Task WorkAsync(CancellationToken cancellationToken)
        {
            var now = Interlocked.Increment(ref test.running);
            for (var most = test.runningMost; now > most; most = test.runningMost)
                Interlocked.CompareExchange(ref test.runningMost, now, most);
            try
            {
                await test.finish.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref test.running);
                Interlocked.Increment(ref test.done);
            }
        }
    }
}
