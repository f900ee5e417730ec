using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Strata.Client;

/// <summary>The HttpClient that a <see cref="StrataClient"/> makes for itself.</summary>
internal static class ClientHttp
{
    public static HttpClient Create(Uri address, string? token, ClientOptions options)
    {
        HttpMessageHandler handler = CreateHandler(address, options);
        if (options.Organization is { } organization) handler = new InOrganization(organization, handler);
        if (options.TokenFile is { } file) handler = new TokenFromFile(file, handler);
        var http = new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
        // What cannot be a name is found wrong where it is used as one.
        if (options.Project is { } project && project.All(c => c is > ' ' and <= '~')) http.DefaultRequestHeaders.Add("Strata-Project",
            project);
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private static SocketsHttpHandler CreateHandler(Uri address, ClientOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        AutomaticDecompression = DecompressionMethods.All,
        AllowAutoRedirect = false, // the token must not travel to where an answer points
        UseProxy = !address.IsLoopback,
        UseCookies = false,
        ConnectCallback = ConnectAsync,
    };

    /// <summary>With TCP keep-alive, so that a follower of a quiet log notices a peer that vanished.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 20);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
            // As browsers do (RFC 6761): not every system's resolver knows these names.
            if (host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) await socket.ConnectAsync("localhost", port,
                cancellationToken);
            else await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Adds <c>org</c> to each request that does not name an organization itself.</summary>
internal sealed class InOrganization(string organization, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly string query = "org=" + Uri.EscapeDataString(organization);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        if (!address.Query.TrimStart('?').Split('&').Any(p => p.StartsWith("org=", StringComparison.Ordinal)))
            request.RequestUri = new Uri(
                address.GetLeftPart(UriPartial.Path) + (address.Query.Length > 1 ? address.Query + "&" : "?") + query);
        return base.SendAsync(request, cancellationToken);
    }
}

/// <summary>Sends a stream without closing it, so that it can be sent again.</summary>
internal sealed class UnclosedContent(Stream content) : HttpContent
{
    private const int PieceBytes = 80 << 10;

    /// <summary>
    /// Called with false before each wait for the source, and with true before each wait for the server. Null: not called.
    /// </summary>
    public Action<bool>? WaitsForServer { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceBytes];
        // a server closes a connection that waits too long for its first header
        if (!content.CanSeek) await stream.FlushAsync(cancellationToken);
        while (true)
        {
            WaitsForServer?.Invoke(false);
            var read = await content.ReadAsync(buffer, cancellationToken);
            WaitsForServer?.Invoke(true);
            if (read == 0) return;
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = content.CanSeek ? content.Length - content.Position : 0;
        return content.CanSeek;
    }
}
