using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>
/// As what a caller calls whose rights differ within the organization: at an endpoint about a resource as all that it is, elsewhere as one
/// of the whole organization or of one project. The header <c>Strata-Project</c> names the project where there are several.
/// </summary>
internal sealed class ProjectChoice(IEntityLog log)
{
    public const string Header = "Strata-Project";

    private readonly ResourceLookup projects = new(log, ProjectKind.Kind);

    /// <summary>Costs nothing but a look at the grants for callers whose rights are the same everywhere.</summary>
    public async ValueTask<Result<Principal>> ApplyAsync(HttpContext http, Principal principal)
    {
        if (!principal.IsSplit || http.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<ResourceInHand>() is not null)
            return principal;
        var anyOf = endpoint.Metadata.GetMetadata<Access>()!.AnyOf;
        var narrowed = principal.WithoutResource(anyOf, null);
        if (narrowed.IsOk || http.Request.Headers[Header] is not [{ Length: > 0 } named]) return narrowed;
        var found = await projects.ReadAsync(principal.Caller, named, AsOf.Latest, http.RequestAborted);
        return found.TryGet(out var project, out var error) ? principal.WithoutResource(anyOf, ProjectKind.Kind.IdOf(project.Id)) : error;
    }
}
