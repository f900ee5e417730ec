using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Strata.Rpc.Listening;

/// <summary>
/// Lets a Kestrel listen on the inner endpoints of <see cref="PriorKnowledge"/>; registered beside the transport for all other endpoints.
/// </summary>
public sealed class HandOverTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is HandOver;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new((HandOver)endpoint);
}
