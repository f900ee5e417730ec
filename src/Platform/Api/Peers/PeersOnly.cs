using Microsoft.AspNetCore.Builder;

namespace Strata.Api.Peers;

/// <summary>Of an endpoint: only the other servers of this cloud may call it, whatever permissions a user's token grants.</summary>
public sealed record PeersOnly
{
    public static readonly PeersOnly Instance = new();
}

public static class PeersOnlyExtensions
{
    public static TBuilder ForPeersOnly<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(PeersOnly.Instance));
        return endpoint;
    }
}
