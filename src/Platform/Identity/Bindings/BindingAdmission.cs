using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>A binding gives no more than its maker has, and to those that there are.</summary>
internal sealed class BindingAdmission(RoleGrants roles, BindingSubjects subjects, BindingStore bindings, TimeProvider time)
    : ISpecAdmission
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
            if (!await subjects.ExistsAsync(tenant, subject, cancellationToken))
                return new ValidationError("spec.subjects", $"The organization has no {subject.Shortened(100)}.");
            if (await bindings.IsFullAsync(tenant, subject, cancellationToken))
                return new ValidationError("spec.subjects", $"{subject.Shortened(100)} has {BindingStore.OfSubjectMax} bindings already.");
        }
        return Result.Of<ValidationError?>(null);
    }

    private static IReadOnlyList<string> Texts(JsonElement spec, string member) =>
        spec.TryGetProperty(member, out var given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)] : [];
}
