using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;

namespace Strata.Api.OpenApi;

/// <summary>Says of a route that it is a page for people: it is no part of the API's description, and asks for no token.</summary>
public sealed record PageRoute;

public static class PageRouteExtensions
{
    /// <summary>Maps a page, which finds out itself who is there.</summary>
    public static void MapPage(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate serve) =>
        routes.MapMethods(pattern, [method], serve).WithMetadata(new PageRoute()).Open();
}
