namespace Strata.Contracts;

/// <summary>
/// A role of an organization's own, beside the built-in ones (<see cref="Roles"/>): a set of permissions. Kind <c>role</c>, organization
/// scope. Tokens name it as they name a built-in one; a token's project limits it.
/// </summary>
public sealed record RoleSpec
{
    /// <summary>For people; null: none.</summary>
    public string? Description { get; init; }

    /// <summary>
    /// 1 to 200 names of permissions, such as <c>deployments.write</c>, as <c>GET /api/v1/access/permissions</c> lists them;
    /// <c>deployments.*</c> is read and write.
    /// </summary>
    public required IReadOnlyList<string> Permissions { get; init; }
}
