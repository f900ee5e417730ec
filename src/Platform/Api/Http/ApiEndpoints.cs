using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.OpenApi;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>Handles a call: the value is the answer, the error becomes problem details.</summary>
public delegate Task<Result<Answer>> ApiHandler(ApiCall call);

/// <summary>Maps endpoints of the API: each with its permission, its description and one shape of handler.</summary>
public static class ApiEndpoints
{
    /// <param name="permission">For example <c>deployments.read</c>.</param>
    public static IEndpointConventionBuilder MapApi(
        this IEndpointRouteBuilder routes, string method, string pattern, string permission, Operation operation, ApiHandler handler) =>
        routes.MapApi(method, pattern, new Access([permission]), operation, handler);

    public static IEndpointConventionBuilder MapApi(
        this IEndpointRouteBuilder routes, string method, string pattern, Access access, Operation operation, ApiHandler handler) =>
        routes.MapMethods(pattern, [method], http => HandleAsync(http, operation, handler)).WithMetadata(operation, access);

    /// <summary>Writes an error as problem details; for handlers that are not <see cref="ApiHandler"/>s.</summary>
    public static IResult ToResult(this Error error) => new ProblemResult(error);

    private static async Task HandleAsync(HttpContext http, Operation operation, ApiHandler handler)
    {
        if (UnknownParameter(http, operation) is { } unknown)
        {
            await Problem.WriteAsync(http, ApiErrors.UnknownQuery(unknown, Known(operation)));
            return;
        }
        var result = await handler(new ApiCall(http));
        if (result.TryGet(out var answer, out var error)) await answer.ExecuteAsync(http);
        else await Problem.WriteAsync(http, error);
    }

    /// <summary>An unknown parameter is a mistake by the sender, so it is reported, not ignored.</summary>
    private static string? UnknownParameter(HttpContext http, Operation operation)
    {
        if (!http.Request.QueryString.HasValue) return null;
        foreach (var (name, _) in http.Request.Query)
        {
            if (operation.Parameters.Any(p => p.In == "query" && p.Name == name)) continue;
            // Read by the authentication; a caller of the platform must not assume that it was applied if the endpoint does not list it.
            if (name == OrganizationChoice.Parameter && http.Features.Get<Principal>() is { IsPlatform: false }) continue;
            if (!operation.FieldFilters || !FieldFilter.IsName(name)) return name;
        }
        return null;
    }

    private static IEnumerable<string> Known(Operation operation) =>
        operation.Parameters.Where(p => p is { In: "query", IsHidden: false }).Select(p => p.Name)
            .Concat(operation.FieldFilters ? ["spec.FIELD", "status.FIELD", "labels.NAME"] : Array.Empty<string>());

    private sealed class ProblemResult(Error error) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => Problem.WriteAsync(httpContext, error);
    }
}
