using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Resources.Kinds;

/// <summary>
/// Loads the workflows of kinds, which stand as JSON next to their records and travel in the assembly (<c>EmbeddedResource</c>).
/// </summary>
public static class KindWorkflow
{
    /// <summary>
    /// Reads the file in the folder of <paramref name="near"/>'s namespace; throws with every fault if it is not a valid workflow.
    /// </summary>
    public static WorkflowDefinition Load(Type near, string file)
    {
        var name = $"{near.Namespace}.{file}";
        using var stream = near.Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException(
                $"{near.Assembly.GetName().Name} holds no resource {name}: add <EmbeddedResource Include=\"Kinds/*.workflow.json\" />.");
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return Parse(new JsonText(memory.ToArray()), name);
    }

    private static WorkflowDefinition Parse(JsonText json, string name) =>
        WorkflowJson.Parse(json).TryGet(out var workflow, out var error)
            ? workflow : throw new InvalidOperationException($"{name}: {error.Message}");
}
