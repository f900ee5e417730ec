using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// Says of an endpoint that it may be called with a token of one project, and what must hold then. An endpoint without this is closed to
/// such tokens: what belongs to the whole organization is not opened by forgetting to ask.
/// </summary>
/// <param name="Check">The error to answer with; null: the handler itself narrows what it does to the project.</param>
public sealed record ProjectScoped(Func<HttpContext, Principal, ValueTask<Error?>>? Check = null);

public static class ProjectScopedExtensions
{
    /// <summary>
    /// Tokens of one project come through: the handler narrows what it does to the project, or the check refuses what is not the project's.
    /// </summary>
    public static TBuilder InProject<TBuilder>(this TBuilder endpoint, Func<HttpContext, Principal, ValueTask<Error?>>? check = null)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new ProjectScoped(check)));
        return endpoint;
    }
}
