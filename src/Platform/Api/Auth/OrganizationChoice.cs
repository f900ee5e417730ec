using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>
/// Which organization a request is about. That of the token, unless an operator names another one by <c>?org=</c>: the request then runs in
/// that organization with the operator's permissions, and its audit shows the actor as <c>operator:ACTOR</c>, which no token of that
/// organization can be. A person may name any that they are a member of. The platform's own parts name the organization too; their
/// endpoints read it themselves.
/// </summary>
internal sealed class OrganizationChoice(IEntityLog log, IAuthenticator authenticator)
{
    public const string Parameter = "org";

    private readonly ResourceLookup organizations = new(log, OrganizationKind.Kind);

    /// <returns>NOT_FOUND for an organization that the caller may not use, whether it exists or not.</returns>
    public async ValueTask<Result<Principal>> ApplyAsync(HttpContext http, Principal principal)
    {
        if (principal.IsPlatform || !http.Request.QueryString.HasValue || !http.Request.Query.TryGetValue(Parameter, out var values))
            return principal;
        if (values is not [{ Length: > 0 } named])
            return ApiErrors.Query(
                Parameter, values.Count > 1 ? "is given more than once." : "is empty.", "Set org to the name or id of one organization.");
        var found = await organizations.ReadAsync(principal.Caller, named, AsOf.Latest, http.RequestAborted);
        if (!found.TryGet(out var organization, out var error)) return error;
        var tenant = new TenantId(organization.Id.Value);
        if (tenant == principal.Tenant) return principal;
        if (principal.IsOperator && principal.Project is null)
        {
            if (principal.Person is { HasSecondFactor: false } && RequiresTwoFactor(organization)) return ApiErrors.TwoFactorRequired;
            return principal with
            {
                Tenant = tenant, Actor = Principal.OperatorPrefix + principal.Actor, IsOperatorElsewhere = true,
                Grants = [.. principal.Grants.Where(g => !g.IsBound)], // what their own organization has given them holds there
            };
        }
        if (principal.Person is not null && Authentication.TokenOf(http) is { } token)
        {
            var joined = await authenticator.AuthenticateInAsync(token, tenant, http.RequestAborted);
            if (joined.IsOk || joined.Error.Kind == ErrorKind.Forbidden) return joined; // a member who lacks something sees what
        }
        return ResourceErrors.NotFound(OrganizationKind.Kind, named);
    }

    private static bool RequiresTwoFactor(EntityRevision organization) =>
        ResourceDocument.ToResource<OrganizationSpec, Nothing>(OrganizationKind.Kind, organization).Spec.RequireTwoFactor;
}
