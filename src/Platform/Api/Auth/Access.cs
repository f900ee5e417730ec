using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// What an endpoint asks of its caller: one of these permissions, or (none listed) nothing. An endpoint without this is closed to everyone.
/// </summary>
public sealed record Access(IReadOnlyList<string> AnyOf)
{
    public static readonly Access Open = new([]);
}

/// <summary>Metadata of an endpoint that decides by the resource that it is about.</summary>
internal sealed class ResourceInHand
{
    public static readonly ResourceInHand Instance = new();
}

public static class AccessExtensions
{
    /// <summary>Only callers that hold one of these permissions come through, for example <c>deployments.read</c>.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, params string[] anyOf) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new Access(anyOf)));
        return endpoint;
    }

    /// <summary>
    /// The handler decides with the resource in hand. Of other endpoints the caller is narrowed to what it holds without one, see
    /// <see cref="Principal.WithoutResource"/>.
    /// </summary>
    public static TBuilder DecidedByResource<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(ResourceInHand.Instance));
        return endpoint;
    }

    /// <summary>Anyone may call it, without a token: health, readiness, the API's description.</summary>
    public static TBuilder Open<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(Access.Open));
        return endpoint;
    }

    /// <summary>The caller. Only in endpoints that require a permission; elsewhere there is no caller.</summary>
    public static Principal GetPrincipal(this HttpContext http) =>
        http.Features.Get<Principal>() ?? throw new InvalidOperationException(
            "No principal: the endpoint is open, or authentication has not run.");
}
