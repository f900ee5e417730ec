using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Api;

/// <summary>The organization of a call: the caller's own, or the one that a platform caller names with <c>org</c>.</summary>
internal static class CallScope
{
    public static Parameter Org => Parameter.Query("org",
        "Name or id of the organization; required with a token of the platform.", Schemas.Text());

    private static readonly Error OrgNeeded = new(
        ErrorKind.Invalid, "ORG_REQUIRED", "Callers with a platform token must name the organization.", "Add ?org=NAME or ?org=ID.");

    public static async ValueTask<Result<Caller>> CallerOfAsync(this ResourceStore<OrganizationSpec, Nothing> organizations, ApiCall call)
    {
        if (!call.Query("org").TryGet(out var org, out var error)) return error;
        if (!call.Principal.IsPlatform) return call.Caller;
        if (org is null) return OrgNeeded;
        var found = await organizations.GetAsync(call.Caller, org, AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var organization, out error)) return error;
        return call.Caller with { Tenant = StoreQueries.Tenant(organization.Id) };
    }
}
