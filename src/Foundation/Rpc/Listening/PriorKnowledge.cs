using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Rpc.Listening;

/// <summary>
/// Lets one cleartext port speak HTTP/1.1 and HTTP/2. Kestrel cannot distinguish them without TLS, so a connection that opens with the
/// HTTP/2 preface (RFC 9113 §3.3) is handed over to a second, inner endpoint which speaks HTTP/2 only. HTTP/1.1 connections continue as
/// they are, at the cost of one check of their first bytes.
/// </summary>
public sealed class PriorKnowledge(TimeSpan firstBytesTimeout)
{
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    /// <summary>The inner endpoint that HTTP/2 connections go to.</summary>
    public HandOver Http2 { get; } = new();

    /// <summary>For the endpoint of HTTP/1.1.</summary>
    public ConnectionDelegate Use(ConnectionDelegate http1) => async connection =>
    {
        switch (await IsHttp2Async(connection))
        {
            case false:
                await http1(connection);
                break;
            case true:
                await Http2.RunAsync(connection);
                break;
        }
    };

    /// <summary>Null: the client left, or kept silent for too long.</summary>
    private async Task<bool?> IsHttp2Async(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var timeout = new CancellationTokenSource(firstBytesTimeout);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(timeout.Token);
                var compared = (int)Math.Min(read.Buffer.Length, Preface.Length);
                var matches = compared > 0 && Matches(read.Buffer.Slice(0, compared));
                var decided = !matches || compared == Preface.Length;
                input.AdvanceTo(read.Buffer.Start, decided ? read.Buffer.Start : read.Buffer.End);
                if (read.Buffer.IsEmpty && (read.IsCompleted || read.IsCanceled)) return null;
                if (decided && compared > 0) return matches;
                if (read.IsCompleted) return false;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            return null;
        }
    }

    private static bool Matches(in ReadOnlySequence<byte> start)
    {
        var position = 0;
        foreach (var segment in start)
        {
            if (!segment.Span.SequenceEqual(Preface.AsSpan(position, segment.Length))) return false;
            position += segment.Length;
        }
        return true;
    }
}

/// <summary>An endpoint inside the process: connections are accepted that <see cref="RunAsync"/> brings.</summary>
public sealed class HandOver : EndPoint, IConnectionListener
{
    private readonly Channel<ConnectionContext> arrivals = Channel.CreateUnbounded<ConnectionContext>();

    public EndPoint EndPoint => this;

    /// <summary>Serves a connection here; ends when it does.</summary>
    public async Task RunAsync(ConnectionContext connection)
    {
        var handed = new HandedConnection(connection);
        if (arrivals.Writer.TryWrite(handed)) await handed.Ended;
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await arrivals.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        arrivals.Writer.TryComplete();
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    public override string ToString() => "http2";

    /// <summary>The same connection under another owner: disposing it gives it back.</summary>
    private sealed class HandedConnection(ConnectionContext inner) : ConnectionContext
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => ended.Task;
        public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }
        public override IFeatureCollection Features => inner.Features;
        public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }
        public override IDuplexPipe Transport { get => inner.Transport; set => inner.Transport = value; }
        public override CancellationToken ConnectionClosed { get => inner.ConnectionClosed; set => inner.ConnectionClosed = value; }
        public override EndPoint? LocalEndPoint { get => inner.LocalEndPoint; set => inner.LocalEndPoint = value; }
        public override EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

        public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

        public override ValueTask DisposeAsync()
        {
            ended.TrySetResult();
            return base.DisposeAsync();
        }
    }
}
