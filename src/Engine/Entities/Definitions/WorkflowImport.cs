using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>An import of workflows: {workflows[], importMode MERGE | REPLACE | ACTIVATE, allowCycles}.</summary>
internal sealed record WorkflowImport(IReadOnlyList<WorkflowDefinition> Workflows, WorkflowImportMode Mode)
{
    /// <summary>Workflows of one model.</summary>
    public const int WorkflowsMax = 100;

    public static Result<WorkflowImport> Parse(JsonText body)
    {
        if (JsonGuard.Check(body.Utf8).Error is { } malformed) return malformed;
        using var json = body.Parse();
        var faults = new Faults();
        var import = Read(json.RootElement, faults);
        return import is null || faults.Any ? WorkflowJson.ToError(faults) : import;
    }

    /// <summary>The workflows of a model after the import: those present keep their place, new ones follow.</summary>
    public IReadOnlyList<WorkflowDefinition> ApplyTo(IReadOnlyList<WorkflowDefinition> present)
    {
        if (Mode == WorkflowImportMode.Replace) return Workflows;
        bool? active = Mode == WorkflowImportMode.Activate ? true : null;
        var imported = Workflows.ToDictionary(
            workflow => workflow.Name, workflow => WorkflowText.SetActive(workflow, active ?? workflow.Active), StringComparer.Ordinal);
        var kept = present.Select(
            workflow => imported.GetValueOrDefault(workflow.Name) ?? WorkflowText.SetActive(workflow, !active ?? workflow.Active));
        var names = present.Select(workflow => workflow.Name).ToHashSet(StringComparer.Ordinal);
        return [.. kept, .. Workflows.Where(workflow => !names.Contains(workflow.Name)).Select(workflow => imported[workflow.Name])];
    }

    private static WorkflowImport? Read(JsonElement json, Faults faults)
    {
        var members = new MemberReader(faults);
        if (!members.IsObject(json, "$", "An import")) return null;
        if (!json.TryFind("workflows", out _)) faults.Add("$.workflows", "An array of workflows is needed.");
        var reader = new WorkflowReader(faults, members.Boolean(json, "$", "allowCycles", false));
        var workflows = members.Items(json, "$", "workflows", WorkflowsMax, reader.Read);
        foreach (var name in workflows.GroupBy(workflow => workflow.Name).Where(group => group.Count() > 1))
            faults.Add("$.workflows", $"The name \"{Quote.Shorten(name.Key)}\" occurs twice.");
        return new WorkflowImport(workflows, ReadMode(json, faults));
    }

    private static WorkflowImportMode ReadMode(JsonElement json, Faults faults)
    {
        if (!json.TryFind("importMode", out _)) return WorkflowImportMode.Merge;
        switch (json.TextOf("importMode"))
        {
            case "MERGE": return WorkflowImportMode.Merge;
            case "REPLACE": return WorkflowImportMode.Replace;
            case "ACTIVATE": return WorkflowImportMode.Activate;
        }
        faults.Add("$.importMode", "It must be MERGE, REPLACE or ACTIVATE.");
        return WorkflowImportMode.Merge;
    }
}

/// <summary>
/// What becomes of workflows that an import does not name: Merge keeps them, Replace drops them, Activate keeps them inactive.
/// </summary>
internal enum WorkflowImportMode
{
    Merge,
    Replace,
    Activate,
}
