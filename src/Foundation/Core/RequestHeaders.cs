namespace Strata.Core;

/// <summary>Names of request headers of the API that clients, servers and the hops between servers have in common.</summary>
public static class RequestHeaders
{
    /// <summary>The transaction that the request is to be a part of, by the token that came with a call to a compute member.</summary>
    public const string TransactionToken = "X-Tx-Token";
}
