using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

[CollectionDefinition("alone", DisableParallelization = true)]
public class Alone;

/// <summary>Redeploys under load, slow and vanishing clients, large bodies at constant memory.</summary>
[Collection("alone")]
public class LoadTests
{
    [Fact]
    public async Task Redeploy_UnderLoad_FailsNoRequest()
    {
        await using var edge = await TestEdge.StartAsync();
        var origin = await StartGenerationAsync(0);
        edge.Server.Apply(TestEdge.TableOf(origin.EndPoint));
        using var client = edge.CreateClient();
        using var stop = new CancellationTokenSource();
        var failures = new ConcurrentBag<string>();
        var answered = 0;
        var load = Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using var response = worker % 4 == 0 ? await client.PostAsync("/", new StringContent(new string('x', 20_000)))
                        : await client.GetAsync("/");
                    if (response.StatusCode != HttpStatusCode.OK)
                        failures.Add($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                    else Interlocked.Increment(ref answered);
                }
                catch (HttpRequestException e)
                {
                    failures.Add(e.ToString());
                }
            }
        })).ToList();
        for (var generation = 1; generation <= 12; generation++)
        {
            var seen = Volatile.Read(ref answered);
            await Wait.UntilAsync(() => Volatile.Read(ref answered) > seen + 100 || !failures.IsEmpty, "requests are answered");
            var next = await StartGenerationAsync(generation);
            edge.Server.Apply(TestEdge.TableOf(next.EndPoint));
            var old = origin;
            var quiet = 0;
            await Wait.UntilAsync(
                () => (quiet = Volatile.Read(ref old.InFlight[0]) == 0 ? quiet + 1 : 0) > 20, "the old generation has drained");
            await old.DisposeAsync();
            origin = next;
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);
        await origin.DisposeAsync();
        Assert.Empty(failures);
    }

    [Fact]
    public async Task Client_ThatLeavesBeforeTheAnswer_FreesTheInstance()
    {
        var left = new TaskCompletionSource();
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.WaitForCloseAsync();
            left.SetResult();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET /long HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
        await Wait.UntilAsync(() => !origin.Requests.IsEmpty, "the request has arrived");
        client.Reset();
        await left.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Wait.UntilAsync(() => edge.ReadMetrics().Contains("code=\"client_gone\"} 1", StringComparison.Ordinal), "it is counted");
    }

    [Fact]
    public async Task Client_ThatLeavesDuringAnUpload_FreesTheInstance()
    {
        var left = new TaskCompletionSource();
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.WaitForCloseAsync();
            left.SetResult();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("POST /up HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1000000\r\n\r\npart");
        await Wait.UntilAsync(() => !origin.Requests.IsEmpty, "the request has arrived");
        client.Reset();
        await left.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Client_ThatReadsSlowly_HoldsTheInstanceBack()
    {
        long written = 0;
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n");
            var block = new string('x', 100_000);
            for (var i = 0; i < 2000; i++)
            {
                await c.SendAsync(block);
                Interlocked.Add(ref written, block.Length);
            }
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");
        await StandsStillAsync(() => Interlocked.Read(ref written));
        Assert.InRange(Interlocked.Read(ref written), 1, 30_000_000);
    }

    [Fact]
    public async Task Instance_ThatReadsSlowly_HoldsTheClientBack()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await Task.Delay(Timeout.Infinite, c.Stopping);
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 500000000\r\n\r\n");
        long sent = 0;
        _ = Task.Run(async () =>
        {
            var block = new byte[100_000];
            try
            {
                while (true) Interlocked.Add(ref sent, await client.Socket.SendAsync(block));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        });
        await StandsStillAsync(() => Interlocked.Read(ref sent));
        Assert.InRange(Interlocked.Read(ref sent), 1, 30_000_000);
    }

    [Fact]
    public async Task Bodies_OfHundredsOfMegabytes_TakeConstantMemory()
    {
        const long size = 300_000_000;
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            var block = new byte[64 * 1024];
            long count = 0;
            while (await c.Request.Body.ReadAsync(block) is > 0 and var read) count += read;
            Assert.Equal(size, count);
            for (long left = size; left > 0; left -= block.Length)
                await c.Response.Body.WriteAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        var before = LiveBytes();
        var peak = 0L;
        using var watch = new Timer(_ => peak = Math.Max(peak, LiveBytes()), null, 0, 250);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StreamContent(new ZeroStream(size)) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var block = new byte[64 * 1024];
        long received = 0;
        while (await body.ReadAsync(block) is > 0 and var read) received += read;
        Assert.Equal(size, received);
        Assert.InRange(peak - before, long.MinValue, 100_000_000);
    }

    /// <summary>
    /// What the collector found in use. The total that the runtime reports also counts what was allocated since, and how much
    /// that is depends on the machine's load.
    /// </summary>
    private static long LiveBytes()
    {
        GC.Collect();
        var collection = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return collection.HeapSizeBytes - collection.FragmentedBytes;
    }

    /// <summary>Waits until a counter has not moved for a while.</summary>
    private static async Task StandsStillAsync(Func<long> counter)
    {
        var (last, since) = (-1L, 0);
        await Wait.UntilAsync(() =>
        {
            since = counter() == last ? since + 1 : 0;
            last = counter();
            return last > 0 && since > 100;
        }, "it stands still", 120);
    }

    private static async Task<Generation> StartGenerationAsync(int number)
    {
        var generation = new Generation();
        generation.Web = await WebOrigin.StartAsync(async c =>
        {
            Interlocked.Increment(ref generation.InFlight[0]);
            await c.Request.Body.CopyToAsync(Stream.Null);
            await Task.Delay(number % 3);
            c.Response.OnCompleted(() =>
            {
                Interlocked.Decrement(ref generation.InFlight[0]);
                return Task.CompletedTask;
            });
            c.Response.ContentLength = 2;
            await c.Response.Body.WriteAsync("ok"u8.ToArray());
        });
        return generation;
    }

    private sealed class Generation : IAsyncDisposable
    {
        public readonly int[] InFlight = [0];
        public WebOrigin Web = null!;
        public IPEndPoint EndPoint => Web.EndPoint;

        public ValueTask DisposeAsync() => Web.DisposeAsync();
    }

    private sealed class ZeroStream(long length) : Stream
    {
        private long left = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(left, count);
            Array.Clear(buffer, offset, read);
            left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
