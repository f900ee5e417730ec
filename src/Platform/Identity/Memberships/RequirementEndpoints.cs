using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>
/// /api/v1/access/two-factor: whether an organization's people need a second factor. For its administrators, of their own organization; it
/// is written to the organization's history.
/// </summary>
internal sealed class RequirementEndpoints(
    ResourceStore<OrganizationSpec, Nothing> organizations, MembershipStore memberships, PersonStore people)
{
    /// <summary>Held by administrators alone, unless an organization gives it to a role of its own.</summary>
    public const string Permission = "two-factor.require";

    private const string Path = "/api/v1/access/two-factor";
    private const string Tag = "access";

    public void Map(IEndpointRouteBuilder routes)
    {
        var schema = Schemas.Members([("required", Schemas.Flag())], "required");
        routes.MapApi("GET", Path, "access.me", new Operation
        {
            Id = "getTwoFactorRequirement", Summary = "Show whether the organization's people need two-factor authentication.", Tag = Tag,
            Answer = Content.Json(schema),
        }, async call => IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)
            ? Shown(await memberships.RequiresTwoFactorAsync(caller.Tenant, call.Aborted)) : error);
        routes.MapApi("PUT", Path, Permission, new Operation
        {
            Id = "setTwoFactorRequirement",
            Summary = "Set whether the organization's people need two-factor authentication: memberships of those without grant nothing.",
            Tag = Tag, Body = Content.Json(schema), Answer = Content.Json(schema), Repeatable = "It is set to what was sent.",
        }, SetAsync).NeedsFreshSignIn();
    }

    private async Task<Result<Answer>> SetAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!(await IdentityCall.ReadAsync<Requirement>(call)).TryGet(out var sent, out error)) return error;
        var isRequired = sent.Value.Required;
        // They would shut themselves out with it. A token is a way in of its own.
        if (isRequired && call.Principal.Person is { } signedIn
            && (await people.FindAsync(signedIn.Id, call.Aborted) is not { } person || !SecondFactor.IsOn(person)))
            return IdentityErrors.OwnTwoFactorMissing;
        var changed = await organizations.ChangeAsync(
            new Caller(TenantId.Platform, call.Principal.Actor), caller.Tenant.ToString(),
            o => o with { Spec = o.Spec with { RequireTwoFactor = isRequired } }, null, null, call.Aborted);
        return changed.IsOk ? Shown(isRequired) : changed.Error;
    }

    private static Answer Shown(bool isRequired) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("required", isRequired);
        json.WriteEndObject();
    });

    private sealed record Requirement
    {
        public required bool Required { get; init; }
    }
}
