using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Strata.Api.Tests.BadInputs;

/// <summary>An answer as it came.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public bool Closes => Headers.TryGetValue("Connection", out var connection)
        && connection.Equals("close", StringComparison.OrdinalIgnoreCase);
}

/// <summary>
/// HTTP/1.1 by hand over one connection that is kept alive, because an HTTP client would mend or refuse what these tests want to send. One
/// request at a time.
/// </summary>
internal sealed class RawHttp(Uri address, TimeSpan timeout) : IDisposable
{
    private TcpClient? client;
    private NetworkStream? network;
    private BufferedStream? stream; // for reading only: writes go to the network, so that closing has nothing to flush

    /// <param name="head">Request line and headers without Host, Content-Length and the empty line; as bytes, since it may hold
    /// any.</param>
    public async Task<RawAnswer> SendAsync(byte[] head, byte[]? body, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(timeout);
        var isReused = client is not null;
        try
        {
            return await SendOnceAsync(head, body, timer.Token);
        }
        catch (Exception e) when (isReused && e is IOException or SocketException)
        {
            Dispose(); // the server may close a connection that was idle or sent something malformed
            return await SendOnceAsync(head, body, timer.Token);
        }
    }

    public void Dispose()
    {
        stream?.Dispose();
        client?.Dispose();
        (stream, network, client) = (null, null, null);
    }

    private async Task<RawAnswer> SendOnceAsync(byte[] head, byte[]? body, CancellationToken cancellationToken)
    {
        if (client is null) await ConnectAsync(cancellationToken);
        await WriteAsync(head, body, cancellationToken);
        var answer = await ReadAsync(hasBody: !head.AsSpan().StartsWith("HEAD "u8), cancellationToken);
        if (answer.Closes || answer.Status == 413) Dispose();
        return answer;
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        network = client.GetStream();
        stream = new BufferedStream(network);
    }

    private async Task WriteAsync(byte[] head, byte[]? body, CancellationToken cancellationToken)
    {
        var frame = $"\r\nHost: {address.Authority}\r\n{(body is null ? "" : $"Content-Length: {body.Length}\r\n")}\r\n";
        try
        {
            await network!.WriteAsync((byte[])[.. head, .. Encoding.ASCII.GetBytes(frame), .. body ?? []], cancellationToken);
        }
        catch (IOException) when (body is { Length: > 100_000 })
        {
            // The server answered and closed before it had all of a body that is too large: the answer is still to be read.
        }
    }

    private async Task<RawAnswer> ReadAsync(bool hasBody, CancellationToken cancellationToken)
    {
        var statusLine = await ReadLineAsync(cancellationToken);
        var status = int.Parse(statusLine.Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }
        return new RawAnswer(status, headers, hasBody ? Encoding.UTF8.GetString(await ReadBodyAsync(headers, cancellationToken)) : "");
    }

    private async Task<byte[]> ReadBodyAsync(Dictionary<string, string> headers, CancellationToken cancellationToken)
    {
        if (headers.TryGetValue("Content-Length", out var length))
            return await ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture), cancellationToken);
        if (!headers.ContainsKey("Transfer-Encoding")) return [];
        using var body = new MemoryStream();
        while (int.Parse(await ReadLineAsync(cancellationToken), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var size)
        {
            body.Write(await ReadExactlyAsync(size, cancellationToken));
            await ReadLineAsync(cancellationToken);
        }
        await ReadLineAsync(cancellationToken);
        return body.ToArray();
    }

    private async Task<byte[]> ReadExactlyAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        await stream!.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (true)
        {
            if (await stream!.ReadAsync(one, cancellationToken) == 0)
                throw new IOException("The server closed the connection without an answer.");
            if (one[0] == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)one[0]);
        }
    }
}
