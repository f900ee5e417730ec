using System.Net;
using System.Net.Sockets;

namespace Strata.Blobs.Tests.S3;

/// <summary>A line to a server that can be cut.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Uri server;
    private readonly Task loop;
    private int cuts;

    public Relay(Uri server)
    {
        this.server = server;
        listener.Start();
        loop = RunAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Every connection is closed at once.</summary>
    public bool IsDown { get; set; }

    /// <summary>So many connections break when the server has sent <see cref="BytesMax"/>.</summary>
    public int Cuts { get => Volatile.Read(ref cuts); set => Volatile.Write(ref cuts, value); }

    public long BytesMax { get; set; } = long.MaxValue;

    /// <summary>Connections break when the client has sent so many bytes.</summary>
    public long SentMax { get; set; } = long.MaxValue;

    /// <summary>Connections break when the client asks to delete a blob, as if the request were stuck on its way.</summary>
    public bool LosesDeletions { get; set; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var own = client;
        if (IsDown) return;
        try
        {
            using var there = new TcpClient();
            await there.ConnectAsync(IPAddress.Loopback, server.Port, stop.Token);
            var (near, far) = (client.GetStream(), there.GetStream());
            var first = await Task.WhenAny(
                CopyAsync(near, far, () => SentMax), CopyAsync(far, near, () => Cuts > 0 ? BytesMax : long.MaxValue));
            if (await first) Interlocked.Decrement(ref cuts);
            client.Client.LingerState = new LingerOption(true, 0); // a broken line, not an orderly end
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The line is gone.
        }
    }

    private static bool IsDeletion(ReadOnlySpan<byte> sent) => sent.StartsWith("DELETE "u8) && sent.IndexOf("/sha256/"u8) > 0;

    /// <returns>Whether a limit was reached.</returns>
    private async Task<bool> CopyAsync(NetworkStream from, NetworkStream to, Func<long> max)
    {
        var buffer = new byte[16 * 1024];
        long total = 0;
        for (int read; (read = await from.ReadAsync(buffer, stop.Token)) > 0;)
        {
            if ((total += read) > max()) return true;
            if (LosesDeletions && IsDeletion(buffer.AsSpan(0, read))) return true;
            await to.WriteAsync(buffer.AsMemory(0, read), stop.Token);
        }
        return false;
    }
}
