using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>What belongs to a project or an organization: while there is something, its owner is not deleted. Safe for concurrent use.</summary>
/// <param name="kinds">Every kind there is.</param>
public sealed class Belongings(IEntityLog log, IEnumerable<Kind> kinds)
{
    private static readonly JsonPath ProjectPath = JsonPath.Parse("$.project");

    /// <summary>Those that users make come first: a user is told of what he can delete.</summary>
    private readonly IReadOnlyList<Kind> inProjects = [.. kinds.Where(k => k.Scope == KindScope.Project).OrderByDescending(k => k.UserCreates)];

    /// <returns>Null where the resource may go; NOT_EMPTY, naming one that is in the way.</returns>
    public async ValueTask<Error?> CheckAsync(Kind kind, EntityRevision owner, CancellationToken cancellationToken)
    {
        if (kind == OrganizationKind.Kind) return await FindAsync(owner, new TenantId(owner.Id.Value), [ProjectKind.Kind], null, kind, cancellationToken);
        if (kind != ProjectKind.Kind) return null;
        var inIt = new Condition.Compare(new Field.Path(ProjectPath), Operator.Equal, [JsonText.From(kind.IdOf(owner.Id), WireJson.Of<string>())]);
        return await FindAsync(owner, owner.Tenant, inProjects, inIt, kind, cancellationToken);
    }

    private async ValueTask<Error?> FindAsync(
        EntityRevision owner, TenantId tenant, IReadOnlyList<Kind> among, Condition? where, Kind kind, CancellationToken cancellationToken)
    {
        foreach (var member in among)
        {
            var found = await log.ScanAsync(new Scan { Tenant = tenant, Model = member.Model, Where = where, Limit = 1 }, cancellationToken);
            if (found is [var first]) return NotEmpty(kind, ResourceDocument.NameOf(owner), member, ResourceDocument.NameOf(first));
        }
        return null;
    }

    private static Error NotEmpty(Kind kind, string name, Kind member, string memberName) => new(
        ErrorKind.Conflict, "NOT_EMPTY", $"The {kind.Name} \"{name}\" still holds the {member.Name} \"{memberName}\".", $"Delete it first: `strata delete {member.Name} {memberName}`.");
}
