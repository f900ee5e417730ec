using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>
/// What belongs to a project or an organization, or is in an environment: while there is something, its owner is not deleted. Safe for
/// concurrent use.
/// </summary>
/// <param name="kinds">Every kind there is.</param>
public sealed class OwnedResources(IEntityLog log, IEnumerable<Kind> kinds)
{
    private const int NamesMax = 3;

    private static readonly JsonPath ProjectPath = JsonPath.Parse("$.project");

    /// <summary>Kinds that users create come first: the error names resources that the user can delete.</summary>
    private readonly IReadOnlyList<Kind> inProjects =
        [.. kinds.Where(k => k is { Scope: KindScope.Project, KeepsProject: true }).OrderByDescending(k => k.UserCreates)];

    private readonly IReadOnlyList<Kind> all = [.. kinds];

    /// <returns>
    /// Null where the resource may go; NOT_EMPTY, with how many of each kind are in the way, and the first names; ENVIRONMENT_IN_USE.
    /// </returns>
    public async ValueTask<Error?> CheckAsync(Kind kind, EntityRevision owner, CancellationToken cancellationToken)
    {
        if (kind == EnvironmentKind.Kind) return await CheckEnvironmentAsync(owner, cancellationToken);
        if (kind == OrganizationKind.Kind)
            return await FindAsync(owner, new TenantId(owner.Id.Value), [ProjectKind.Kind], null, kind, cancellationToken);
        if (kind != ProjectKind.Kind) return null;
        var inIt = new Condition.Compare(
            new Field.Path(ProjectPath), Operator.Equal, [JsonText.From(kind.IdOf(owner.Id), WireJson.Of<string>())]);
        return await FindAsync(owner, owner.Tenant, inProjects, inIt, kind, cancellationToken);
    }

    /// <summary>
    /// What is in it keeps its label, and what names it keeps its right: another environment of the same name would find them there.
    /// </summary>
    private async ValueTask<Error?> CheckEnvironmentAsync(EntityRevision owner, CancellationToken cancellationToken)
    {
        var name = ResourceDocument.NameOf(owner);
        foreach (var kind in all)
        {
            if (EnvironmentLabel.InUse(kind, name) is not { } isInIt) continue;
            var scan = new Scan { Tenant = owner.Tenant, Model = kind.Model, Where = isInIt, Limit = 1 };
            if (await log.ScanAsync(scan, cancellationToken) is [var first, ..])
                return ResourceErrors.EnvironmentInUse(name, kind, ResourceDocument.NameOf(first));
        }
        return null;
    }

    private async ValueTask<Error?> FindAsync(
        EntityRevision owner, TenantId tenant, IReadOnlyList<Kind> among, Condition? where, Kind kind, CancellationToken cancellationToken)
    {
        var held = new List<Held>();
        foreach (var member in among)
        {
            var found = await log.ScanAsync(
                new Scan { Tenant = tenant, Model = member.Model, Where = where, Limit = PageLimits.Max }, cancellationToken);
            if (found.Count > 0)
                held.Add(new Held(member, found.Count, !found.IsLast, [.. found.Take(NamesMax).Select(ResourceDocument.NameOf)]));
        }
        return held.Count == 0 ? null : NotEmpty(kind, ResourceDocument.NameOf(owner), held);
    }

    private static Error NotEmpty(Kind kind, string name, IReadOnlyList<Held> held)
    {
        var parts = held.Select(h => h.Sentence).ToList();
        var list = parts.Count == 1 ? parts[0] : $"{string.Join(", ", parts.SkipLast(1))} and {parts[^1]}";
        // Otherwise it would be one of the same name in the caller's own organization, or in the default project.
        var where = kind == OrganizationKind.Kind ? $" --org {name}" : $" -p {name}";
        var next = $"`strata delete {held[0].Kind.Name} {held[0].Names[0]}{where}`";
        return new Error(
            ErrorKind.Conflict, "NOT_EMPTY", $"The {kind.Name} \"{name}\" still holds {list}.",
            held is [{ Count: 1 }] ? $"Delete it first: {next}." : $"Delete them first, one by one; begin with {next}.")
        {
            Details = held.ToDictionary(h => h.Kind.Plural, h => h.Number),
        };
    }

    /// <summary>What is left of one kind.</summary>
    /// <param name="Count">Of the first page; there may be more.</param>
    /// <param name="Names">The first few.</param>
    private sealed record Held(Kind Kind, int Count, bool HasMore, IReadOnlyList<string> Names)
    {
        public string Number => HasMore ? $"{Count}+" : $"{Count}";

        public string Sentence =>
            $"{(HasMore ? $"{Count} or more" : $"{Count}")} {(Count == 1 && !HasMore ? Kind.Name : Kind.Plural)} ({string.Join(", ", Names)}{(HasMore || Count > Names.Count ? ", …" : "")})";
    }
}
