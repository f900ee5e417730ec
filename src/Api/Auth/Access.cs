using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>What an endpoint asks of its caller: one permission, or (null) nothing. An endpoint without this is closed to everyone.</summary>
public sealed record Access(string? Permission)
{
    public static readonly Access Open = new((string?)null);
}

public static class AccessExtensions
{
    /// <summary>Only callers that hold this permission come through, for example <c>deployments.read</c>.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, string permission) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new Access(permission)));
        return endpoint;
    }

    /// <summary>Anyone may call it, without a token: health, readiness, the API's description.</summary>
    public static TBuilder Open<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(Access.Open));
        return endpoint;
    }

    /// <summary>Who calls. Only in endpoints that require a permission; elsewhere nobody is known.</summary>
    public static Principal GetPrincipal(this HttpContext http) =>
        http.Features.Get<Principal>() ?? throw new InvalidOperationException("No principal: the endpoint is open, or authentication has not run.");
}
