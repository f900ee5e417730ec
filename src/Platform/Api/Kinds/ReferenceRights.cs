using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Who sees one project only cannot point at another's resources: they do not exist for it. Nor does who may change some resources of
/// a project get at others by naming them, as a release names the deployment that it changes.
/// </summary>
internal sealed class ReferenceRights(IEntityLog log, Kind kind)
{
    /// <returns>A fault for each reference that the caller may not make.</returns>
    public async ValueTask<List<ValidationError>> CheckAsync(ApiCall call, Caller caller, JsonText spec)
    {
        var faults = new List<ValidationError>();
        if (call.Principal.Project is null || kind.References.Count == 0) return faults;
        using var document = spec.Parse();
        foreach (var reference in kind.References)
        {
            if (SpecReferences.Find(document.RootElement, reference.Field) is not { ValueKind: JsonValueKind.String } member) continue;
            var nameOrId = member.GetString()!;
            var found = await new ResourceLookup(log, reference.Kind).ReadAsync(caller, nameOrId, AsOf.Latest, call.Aborted);
            if (!found.IsOk) continue;
            if (!Scoping.Sees(call.Principal, reference.Kind, found.Value))
                faults.Add(new ValidationError("spec." + reference.Field, ResourceErrors.NotFound(reference.Kind, nameOrId).Message));
            else if (call.Principal.IsSplit && reference.Kind.Scope == KindScope.Project
                && !Scoping.May(call.Principal, reference.Kind.WritePermission, reference.Kind, found.Value))
                faults.Add(new ValidationError("spec." + reference.Field, $"You may not change the {reference.Kind.Name} \"{nameOrId}\"."));
        }
        return faults;
    }
}
