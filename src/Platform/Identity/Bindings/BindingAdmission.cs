using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Clients;
using Strata.Identity.Memberships;
using Strata.Identity.Teams;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>A binding gives no more than its maker has, and to those that there are.</summary>
internal sealed class BindingAdmission(
    RoleGrants roles, MembershipStore memberships, ClientStore clients, ResourceStore<TeamSpec, Nothing> teams, BindingStore bindings,
    TimeProvider time) : ISpecAdmission
{
    public Kind Kind => BindingKind.Kind;

    public async ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken)
    {
        var refused = await MembershipAdmission.RefuseAsync(roles, principal, tenant, Texts(spec, "roles"), time.GetUtcNow(),
            cancellationToken);
        if (!refused.IsOk || refused.Value is not null) return refused;
        if (spec.TryGetProperty("expiresAt", out var end) && end.ValueKind == JsonValueKind.String
            && end.TryGetDateTimeOffset(out var at) && at <= time.GetUtcNow())
            return new ValidationError("spec.expiresAt", "It is over already.");
        foreach (var subject in Texts(spec, "subjects"))
        {
            if (!await ExistsAsync(tenant, subject, cancellationToken))
                return new ValidationError("spec.subjects", $"The organization has no {subject.Shortened(100)}.");
            if (await bindings.IsFullAsync(tenant, subject, cancellationToken))
                return new ValidationError("spec.subjects", $"{subject.Shortened(100)} has {BindingStore.OfSubjectMax} bindings already.");
        }
        return Result.Of<ValidationError?>(null);
    }

    /// <summary>One of another form is the kind's fault to find.</summary>
    private async ValueTask<bool> ExistsAsync(TenantId tenant, string subject, CancellationToken cancellationToken)
    {
        if (After(BindingKind.PersonPrefix) is { } person)
            return await memberships.FindAsync(tenant, person, cancellationToken) is { } member && member.Name == person;
        if (After(BindingKind.TeamPrefix) is { } team)
            return (await teams.GetAsync(new Caller(tenant, "system:bindings"), team, AsOf.Latest, cancellationToken))
                is { IsOk: true } found
                && found.Value.Name == team;
        return After(BindingKind.ClientPrefix) is not { } client || !ClientId.TryParse(client, out var id)
            || (id.Tenant == tenant && await clients.FindAsync(id, cancellationToken) is not null);

        string? After(string prefix) => subject.StartsWith(prefix, StringComparison.Ordinal) ? subject[prefix.Length..] : null;
    }

    private static IReadOnlyList<string> Texts(JsonElement spec, string member) =>
        spec.TryGetProperty(member, out var given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)] : [];
}
