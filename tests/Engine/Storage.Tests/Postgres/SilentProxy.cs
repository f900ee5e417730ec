using System.Net;
using System.Net.Sockets;

namespace Strata.Storage.Tests.Postgres;

/// <summary>
/// Passes connections on to PostgreSQL's socket. While it is silent it takes connections and bytes and passes nothing on, as if the host
/// had lost its power.
/// </summary>
internal sealed class SilentProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string socketFile;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;
    private int epoch;
    private volatile bool isSilent;
    private volatile bool isRefusing;
    private int accepted;

    public SilentProxy(string socketFile)
    {
        this.socketFile = socketFile;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Connections that were made so far.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    /// <summary>Connections that are open now stay without an answer for ever.</summary>
    public void Silence()
    {
        isSilent = true;
        Interlocked.Increment(ref epoch);
    }

    /// <summary>Connections are cut from now on, those that are open at their next byte: as while PostgreSQL starts again.</summary>
    public void Refuse() => isRefusing = true;

    /// <summary>New connections are passed on again.</summary>
    public void Answer() => isSilent = isRefusing = false;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptSocketAsync(stopping.Token);
            Interlocked.Increment(ref accepted);
            _ = PassAsync(client, Volatile.Read(ref epoch));
        }
    }

    private async Task PassAsync(Socket client, int born)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            try
            {
                await server.ConnectAsync(new UnixDomainSocketEndPoint(socketFile), stopping.Token);
                await Task.WhenAny(CopyAsync(client, server, born), CopyAsync(server, client, born));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // An end broke off, or the test is over.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, int born)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, stopping.Token) is > 0 and var count)
        {
            if (isRefusing) return;
            if (isSilent || born != Volatile.Read(ref epoch)) continue; // lost on the way
            await to.SendAsync(buffer.AsMemory(0, count), stopping.Token);
        }
    }
}
