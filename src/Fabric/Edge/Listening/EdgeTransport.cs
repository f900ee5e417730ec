using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Edge.Transport;
using Strata.Rpc.Listening;

namespace Strata.Edge.Listening;

/// <summary>Kestrel's sockets, or the edge's event loops where there are any, and the inner endpoint for HTTP/2.</summary>
internal sealed class EdgeTransport(ILoggerFactory loggers, EventLoops? loops = null) : IConnectionListenerFactory
{
    private const int Backlog = 1024;

    private readonly SocketTransportFactory sockets = new(Options.Create(new SocketTransportOptions
    {
        // The pool thread that received the bytes continues with them, which saves a hand-over.
        UnsafePreferInlineScheduling = true,
        Backlog = Backlog,
        MaxReadBufferSize = 256 * 1024,
    }), loggers);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is HandOver inner ? new(inner)
        : loops is not null ? new(new LoopListener(endpoint, Backlog, loops))
        : sockets.BindAsync(endpoint, cancellationToken);
}
