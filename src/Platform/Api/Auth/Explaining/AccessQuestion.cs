using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Explaining;

/// <summary>Whether a permission is held, for one resource or for any. It asks what the endpoints ask.</summary>
/// <param name="Kind">Whose permission it is; null: no kind's.</param>
/// <param name="Resource">Null: some resource at least.</param>
/// <param name="Projects">Null: projects are shown by their ids.</param>
internal sealed record AccessQuestion(string Permission, Kind? Kind, EntityRevision? Resource, ProjectNames? Projects = null)
{
    public bool NeedsOperator => Kind is { Scope: KindScope.Platform } kind && (Permission != kind.ReadPermission || !kind.TenantsRead);

    /// <summary>Whether the principal may, and why, in a sentence without a subject.</summary>
    public (bool Allowed, string Reason) Answer(Principal principal)
    {
        if (!principal.May(Permission)) return (false, $"does not hold {Permission}");
        if (NeedsOperator && !principal.IsOperator)
            return (false, $"holds {Permission}, but {Kind!.Plural} belong to the cloud itself: they are for operators");
        if (Kind is { WriteIsAdministrators: true } handsOut && Permission == handsOut.WritePermission && !principal.IsPlatform
            && !principal.Covers([Permission]))
            return (false, $"holds {Permission}, but not for all of the organization and for good, which this takes");
        if (Resource is null && Kind is not null && Permission != Kind.ReadPermission && CoversNone(principal, Kind))
            return (false, $"holds {Permission} only for parts of the organization, and {Kind.Plural} belong to all of it");
        var scope = ScopeOf(principal);
        if (Resource is null || Kind is null || Scoping.May(principal, Permission, Kind, Resource))
            return (true, $"holds {Permission}{(scope is null ? "" : $", for {scope}")}");
        return (false, $"holds {Permission}, but not for this one: only for {scope ?? "others"}");
    }

    /// <summary>Whether no resource of the kind is within its grants: what is of the organization is in no project of it.</summary>
    private bool CoversNone(Principal principal, Kind kind) => principal.GrantsOf(Permission).All(g => g.Scope.CoversNone(kind));

    /// <summary>Reads what <see cref="ScopeOf"/> and <see cref="Answer"/> call the projects of a principal's grants.</summary>
    public ValueTask LearnAsync(Principal principal, CancellationToken cancellationToken) =>
        Projects?.LearnAsync(principal, cancellationToken) ?? ValueTask.CompletedTask;

    /// <summary>For which resources the principal holds it; null: all of the organization.</summary>
    public string? ScopeOf(Principal principal)
    {
        var scopes = principal.GrantsOf(Permission).Select(g => ProjectNames.Text(g.Scope, Projects)).Distinct().ToList();
        return scopes.Contains(null) ? null : string.Join(", or for ", scopes);
    }
}
