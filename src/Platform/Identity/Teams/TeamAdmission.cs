using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Resources.Kinds;

namespace Strata.Identity.Teams;

/// <summary>A team has members of the organization.</summary>
internal sealed class TeamAdmission(MembershipStore memberships) : ISpecAdmission
{
    public Kind Kind => TeamKind.Kind;

    public async ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken)
    {
        if (!spec.TryGetProperty("members", out var given)
            || given.ValueKind != JsonValueKind.Array) return Result.Of<ValidationError?>(null);
        foreach (var member in given.EnumerateArray().Where(m => m.ValueKind == JsonValueKind.String).Select(m => m.GetString()!))
        {
            if (await memberships.FindAsync(tenant, member, cancellationToken) is not { } found || found.Name != member)
                return new ValidationError("spec.members", $"\"{member.Shortened(100)}\" is no member of the organization.");
        }
        return Result.Of<ValidationError?>(null);
    }
}
