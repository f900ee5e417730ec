using System.Net.Sockets;
using System.Text.Json;
using Strata.Core;
using Strata.Core.Background;
using Strata.Server.Options;

namespace Strata.Server.Status;

/// <summary>
/// The status on a Unix socket in the data folder: it answers while the database is away (then no token can be checked), while the API is
/// dead, and on a full disk. Each connection gets one JSON document. Guarded by the folder, which only its owner and root may enter.
/// </summary>
internal sealed class LocalStatus(HomeLayout home, Func<ServerStatus> status)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan SendMax = TimeSpan.FromSeconds(2);

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        File.Delete(home.StatusSocket);
        using var run = new ShortPath(home.Run);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(run.To(Path.GetFileName(home.StatusSocket))));
        File.SetUnixFileMode(home.StatusSocket, OwnerOnly);
        listener.Listen();
        while (true)
        {
            using var client = await listener.AcceptAsync(cancellationToken);
            await AnswerAsync(client, work, cancellationToken);
        }
    }

    /// <summary>What the server of a data folder says of itself; null when it says nothing in time.</summary>
    public static async Task<ServerStatus?> AskAsync(HomeLayout home, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(patience);
        try
        {
            using var run = new ShortPath(home.Run);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(run.To(Path.GetFileName(home.StatusSocket))), timer.Token);
            await using var stream = new NetworkStream(socket);
            return await JsonSerializer.DeserializeAsync(stream, WireJson.Of<ServerStatus>(), timer.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or JsonException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private async Task AnswerAsync(Socket client, SupervisedWork work, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(SendMax);
        try
        {
            ReadOnlyMemory<byte> text = JsonSerializer.SerializeToUtf8Bytes(status(), WireJson.Of<ServerStatus>());
            while (text.Length > 0) text = text[await client.SendAsync(text, timer.Token)..];
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // It left, or does not read; or the status cannot be made, which must not end it for the next one who asks.
            if (e is not (SocketException or OperationCanceledException)) work.Failed(e);
            return;
        }
        work.Succeeded();
    }
}
