using Microsoft.AspNetCore.Builder;

namespace Strata.Api.Http;

/// <summary>
/// Of an endpoint: a request with <see cref="Core.RequestHeaders.TransactionToken"/> happens in that transaction, at the server that holds
/// it. Requests to any other endpoint are answered where they arrive, whatever header they carry. Not for an endpoint that streams without
/// an end: the server that holds the transaction cannot ask again whether the caller's token is valid.
/// Of its headers, those arrive there that <see cref="Peers.PeerForwarder"/> lists.
/// </summary>
public sealed record JoinsTransactions
{
    public static readonly JoinsTransactions Instance = new();
}

public static class JoinsTransactionsExtensions
{
    public static TBuilder JoinsTransactions<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(Http.JoinsTransactions.Instance));
        return endpoint;
    }
}
