using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Memberships;

/// <summary>
/// People give no more than they have themselves, and no role that does not exist; one that makes an administrator or operator only with a
/// fresh sign-in.
/// </summary>
internal sealed class MembershipAdmission(RoleGrants roles, TimeProvider time) : ISpecAdmission
{
    public Kind Kind => MembershipKind.Kind;

    public async ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken)
    {
        // Roles that were for one project would be for all of the organization, whatever they are.
        if (spec.TryGetProperty("project", out _) && FreshSignIn.RefuseFor(principal, time.GetUtcNow()) is { } stale) return stale;
        if (!spec.TryGetProperty("roles", out var given) || given.ValueKind != JsonValueKind.Array)
            return Result.Of<ValidationError?>(null);
        var names = given.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!).ToList();
        return await RefuseAsync(roles, principal, tenant, names, time.GetUtcNow(), cancellationToken);
    }

    /// <summary>For what hands out roles: the fault of a role that does not exist, or FORBIDDEN for more than the caller has.</summary>
    public static async ValueTask<Result<ValidationError?>> RefuseAsync(
        RoleGrants roles, Principal principal, TenantId organization, IReadOnlyList<string> names, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            if (await roles.FindAsync(organization, name, cancellationToken) is not { } granted)
                return new ValidationError(
                    "spec.roles", $"There is no role \"{name.Shortened(100)}\": it is {string.Join(", ", OfPeople)}, or one of the organization's own.");
            if (!principal.Covers(granted)) return IdentityErrors.NotCovered;
        }
        if (names.Any(Roles.Administrate.Contains) && FreshSignIn.RefuseFor(principal,
            now) is { } stale) return stale;
        return Result.Of<ValidationError?>(null);
    }

    private static readonly string[] OfPeople = [Roles.Owner, Roles.Admin, Roles.Developer, Roles.Viewer, Roles.Auditor, Roles.Billing,
        Roles.Operator];
}
