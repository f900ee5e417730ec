using System.Text.Json;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>
/// What a role may hold: permissions that exist, that roles of organizations can hold, and that its writer has everywhere. Only those of
/// resources in projects can be limited to some resources: what belongs to the whole organization, such as entities and tokens, is not
/// looked at one by one.
/// </summary>
internal sealed class RoleAdmission(RoleCatalog catalog) : ISpecAdmission
{
    private static readonly Error NotCovered = new(
        ErrorKind.Forbidden, "FORBIDDEN", "A role cannot grant more than your token does.",
        "Leave out what you are not granted yourself, or use an administrator's token.");

    public Kind Kind => RoleKind.Kind;

    public ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken) => new(Check(principal, spec));

    private Result<ValidationError?> Check(Principal principal, JsonElement spec)
    {
        // A patch of something else may widen what the role grants already.
        if (!spec.TryGetProperty("permissions", out var given) || given.ValueKind != JsonValueKind.Array)
            return principal.Covers([Principal.Everything]) ? (ValidationError?)null : NotCovered;
        var names = given.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.String).Select(p => p.GetString()!).ToList();
        if (names.Find(name => !catalog.IsGrantable(name)) is { } unknown) return Fault(unknown);
        if (HasScope(spec) && names.Find(name => !catalog.IsOfProjects(name)) is { } whole)
            return new ValidationError("spec.permissions", $"\"{whole}\" is about the whole organization, so a role with labels or a project "
                + "cannot hold it. Put it into another role.");
        return principal.Covers(catalog.Expand(names, false)) ? (ValidationError?)null : NotCovered;
    }

    private ValidationError Fault(string name)
    {
        var near = NearestWord.To(name, catalog.Grantable) is { } meant ? $" Did you mean \"{meant}\"?" : "";
        return new ValidationError("spec.permissions", $"There is no permission \"{name.Shortened(100)}\" that a role can hold.{near} "
            + "GET /api/v1/access/permissions lists them.");
    }

    private static bool HasScope(JsonElement spec) =>
        spec.TryGetProperty("project", out var project) && project.ValueKind == JsonValueKind.String
        || spec.TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object && labels.EnumerateObject().Any();
}
