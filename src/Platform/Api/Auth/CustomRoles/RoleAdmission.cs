using System.Text.Json;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>A role holds permissions that there are, and that an organization's own roles can hold.</summary>
internal sealed class RoleAdmission(RoleCatalog catalog) : ISpecAdmission
{
    public Kind Kind => RoleKind.Kind;

    public ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken) => new(Check(spec));

    private ValidationError? Check(JsonElement spec)
    {
        if (!spec.TryGetProperty("permissions", out var given) || given.ValueKind != JsonValueKind.Array) return null;
        var unknown = given.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.String).Select(p => p.GetString()!)
            .FirstOrDefault(name => !catalog.IsGrantable(name));
        if (unknown is null) return null;
        var near = NearestWord.To(unknown, catalog.Grantable) is { } meant ? $" Did you mean \"{meant}\"?" : "";
        return new ValidationError("spec.permissions", $"There is no permission \"{unknown.Shortened(100)}\" that a role can hold.{near} "
            + "\"strata access permissions\" (GET /api/v1/access/permissions) lists them.");
    }
}
