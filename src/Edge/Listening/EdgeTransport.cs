using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Strata.Edge.Listening;

/// <summary>Kestrel's sockets, and the inner endpoint for HTTP/2.</summary>
internal sealed class EdgeTransport(ILoggerFactory loggers) : IConnectionListenerFactory
{
    private readonly SocketTransportFactory sockets = new(Options.Create(new SocketTransportOptions
    {
        // The thread that received the bytes goes on with them: one hand-over less. In a process that does not complete sockets inline this is a thread of the pool.
        UnsafePreferInlineScheduling = true,
        Backlog = 1024,
        MaxReadBufferSize = 256 * 1024,
    }), loggers);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is HandOver inner ? new(inner) : sockets.BindAsync(endpoint, cancellationToken);
}
