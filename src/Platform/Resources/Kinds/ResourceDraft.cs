using System.Text.Json.Nodes;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Kinds;

/// <summary>A resource that someone wants to create, with the faults found so far.</summary>
public sealed record ResourceDraft
{
    public string? Name { get; init; }
    public string? Project { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public required JsonText Spec { get; init; }

    /// <summary>Null: the kind's initial one.</summary>
    public JsonText? Status { get; init; }
    public List<ValidationError> Faults { get; } = [];

    /// <summary>Whether a user asks for it, and not a part of the platform.</summary>
    public bool IsUsers { get; init; }
}

/// <summary>Makes documents of drafts: checks name and labels, puts ids where names stand, and reports every fault at once.</summary>
internal sealed class ResourceDrafts(IEntityLog log, Kind kind)
{
    private readonly EnvironmentLabel environments = new(log, kind);

    public async ValueTask<Result<CompleteDraft>> CompleteAsync(Caller caller, ResourceDraft draft, CancellationToken cancellationToken)
    {
        CheckName(draft);
        if (draft.Labels is { } labels) draft.Faults.AddRange(Labels.Check(labels));
        var project = await ResolveProjectAsync(caller, draft, cancellationToken);
        var environment = await environments.ResolveAsync(caller, draft, cancellationToken);
        if (draft.Faults.Count > 0) return ResourceErrors.Invalid(kind, draft.Faults);
        var projectId = project is null ? null : ProjectKind.Kind.IdOf(project.Id);
        var spec = await new SpecReferences(log, kind).ResolveAsync(caller, projectId, draft.Spec, draft.Faults, cancellationToken);
        if (draft.Faults.Count > 0) return ResourceErrors.Invalid(kind, draft.Faults);
        var written = ResourceDocument.Write(kind, draft.Name!, projectId, draft.Labels, spec, draft.Status ?? kind.InitialStatusText);
        return written.IsOk ? new CompleteDraft(written.Value, projectId, [.. new[] { project, environment }.OfType<EntityRevision>()])
            : written.Error;
    }

    private static void CheckName(ResourceDraft draft)
    {
        if (draft.Name is null) draft.Faults.Add(new ValidationError("name", "It is required."));
        else if (!ResourceName.IsValid(draft.Name))
            draft.Faults.Add(
                new ValidationError(
                    "name", $"A name takes 1 to {ResourceName.LengthMax} of a-z, 0-9 and \"-\", starts with a letter and does not end with \"-\"."));
    }

    private async ValueTask<EntityRevision?> ResolveProjectAsync(Caller caller, ResourceDraft draft, CancellationToken cancellationToken)
    {
        if (kind.Scope != KindScope.Project)
        {
            if (draft.Project is not null)
                draft.Faults.Add(new ValidationError("project", $"{kind.Plural} belong to no project: leave it out."));
            return null;
        }
        if (draft.Project is null)
        {
            draft.Faults.Add(new ValidationError("project", "It is required: the name or id of the project to create it in."));
            return null;
        }
        var found = await new ResourceLookup(log, ProjectKind.Kind).ReadAsync(caller, draft.Project, AsOf.Latest, cancellationToken);
        if (found.IsOk && found.Value.State != ProjectKind.Deleting) return found.Value;
        draft.Faults.Add(
            new ValidationError("project", found.IsOk ? $"The project \"{draft.Project}\" is being deleted." : found.Error.Message));
        return null;
    }
}

/// <param name="Project">Its id; null for kinds outside projects.</param>
/// <param name="Owners">What it is created in, as it was read: the project, the environment.</param>
internal sealed record CompleteDraft(JsonText Document, string? Project, IReadOnlyList<EntityRevision> Owners);

/// <summary>Puts ids where a spec names other resources.</summary>
public sealed class SpecReferences(IEntityLog log, Kind kind)
{
    /// <param name="project">Id of the project of the resource; null for kinds outside projects.</param>
    /// <param name="faults">Gets a fault for each reference to what does not exist, or is in another project.</param>
    public async ValueTask<JsonText> ResolveAsync(
        Caller caller, string? project, JsonText spec, List<ValidationError> faults, CancellationToken cancellationToken)
    {
        if (kind.References.Count == 0) return spec;
        var root = JsonNode.Parse(spec.Utf8.Span)!;
        foreach (var reference in kind.References)
        {
            if (Parent(root, reference.Field, out var member) is not { } parent || parent[member] is not JsonValue value
                || !value.TryGetValue<string>(out var text)) continue;
            var found = await new ResourceLookup(log, reference.Kind).ReadAsync(caller, text, AsOf.Latest, cancellationToken);
            if (!found.IsOk) faults.Add(new ValidationError("spec." + reference.Field, found.Error.Message));
            else if (kind.Scope == KindScope.Project && reference.Kind.Scope == KindScope.Project
                && ResourceDocument.ProjectOf(found.Value) != project)
                faults.Add(new ValidationError("spec." + reference.Field, ResourceErrors.NotFound(reference.Kind, text).Message));
            else parent[member] = reference.Kind.IdOf(found.Value.Id);
        }
        return JsonText.FromString(root.ToJsonString(WireJson.Options));
    }

    /// <summary>Whether a spec, or a part of one, names another resource.</summary>
    public bool AreIn(System.Text.Json.JsonElement spec) =>
        kind.References.Any(r => Find(spec, r.Field) is { ValueKind: not System.Text.Json.JsonValueKind.Null });

    /// <summary>The member of a spec that a reference names; null where it is absent.</summary>
    public static System.Text.Json.JsonElement? Find(System.Text.Json.JsonElement spec, string field)
    {
        foreach (var step in field.Split('.'))
        {
            if (spec.ValueKind != System.Text.Json.JsonValueKind.Object || !spec.TryGetProperty(step, out spec)) return null;
        }
        return spec;
    }

    private static JsonObject? Parent(JsonNode root, string field, out string member)
    {
        var steps = field.Split('.');
        member = steps[^1];
        JsonNode? node = root;
        foreach (var step in steps[..^1]) node = (node as JsonObject)?[step];
        return node as JsonObject;
    }
}
