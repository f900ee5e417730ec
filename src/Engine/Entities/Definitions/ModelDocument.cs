using System.Text.Encodings.Web;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Json;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>The document of a stored model: {name, version, structure, changeLevel?, project?, retention?, uniqueKeys[], workflows[]}; each
/// workflow is a string that holds its text, because a store may change the order of members and the spelling of numbers in JSON.</summary>
internal sealed record ModelDocument(
    ModelKey Key, ModelStructure Structure, IReadOnlyList<UniqueKeyDefinition> UniqueKeys, IReadOnlyList<WorkflowDefinition> Workflows)
{
    // Workflows are text within text: every quote escaped as six characters would double them.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What documents may change about the structure while the model is locked.</summary>
    public ChangeLevel ChangeLevel { get; init; }

    /// <summary>Id of the project that it belongs to; null: to the organization.</summary>
    public string? Project { get; init; }

    /// <summary>Null: everything is kept, and has been.</summary>
    public ModelRetention? Retention { get; init; }

    public static ModelDocument New(ModelKey key) => new(key, new ModelStructure(), [], []);

    public ModelDefinition ToDefinition() =>
        new() { Key = Key, Workflows = Workflows, UniqueKeys = UniqueKeys, Project = Project, Check = new StructureCheck(Structure) };

    /// <exception cref="StrataException">The document is not one that <see cref="Write"/> made.</exception>
    public static ModelDocument Read(JsonText text)
    {
        using var json = text.Parse();
        var root = json.RootElement;
        return new ModelDocument(
            new ModelKey(root.GetProperty("name").GetString()!, root.GetProperty("version").GetInt32()),
            ModelStructure.Read(root.GetProperty("structure")),
            [.. root.GetProperty("uniqueKeys").EnumerateArray().Select(ReadKey)],
            [.. root.GetProperty("workflows").EnumerateArray()
                .Select(text => WorkflowJson.Parse(JsonText.FromString(text.GetString()!), allowCycles: true).Value)])
        {
            ChangeLevel = root.TextOf("changeLevel") is { } level ? ChangeLevels.Find(level) ?? ChangeLevel.None : ChangeLevel.None,
            Retention = ModelRetention.Read(root),
            Project = root.TextOf("project"),
        };
    }

    /// <summary>Only the project, of a document of this kind.</summary>
    public static string? ProjectOf(JsonText text)
    {
        using var json = text.Parse();
        return json.RootElement.TextOf("project");
    }

    public JsonText Write()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("name", Key.Name);
            writer.WriteNumber("version", Key.Version);
            writer.WritePropertyName("structure");
            Structure.Write(writer);
            if (ChangeLevel != ChangeLevel.None) writer.WriteString("changeLevel", ChangeLevels.Of(ChangeLevel));
            if (Project is not null) writer.WriteString("project", Project);
            Retention?.Write(writer);
            WriteKeys(writer, UniqueKeys);
            writer.WriteStartArray("workflows");
            foreach (var workflow in Workflows) writer.WriteStringValue(WorkflowText.Of(workflow).Utf8.Span);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return new JsonText(buffer.WrittenMemory);
    }

    private static void WriteKeys(Utf8JsonWriter writer, IReadOnlyList<UniqueKeyDefinition> keys)
    {
        writer.WriteStartArray("uniqueKeys");
        foreach (var key in keys)
        {
            writer.WriteStartObject();
            writer.WriteString("id", key.Id);
            writer.WriteStartArray("fields");
            foreach (var field in key.Fields) writer.WriteStringValue(field.Text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static UniqueKeyDefinition ReadKey(JsonElement key) => new(
        key.GetProperty("id").GetString()!,
        [.. key.GetProperty("fields").EnumerateArray().Select(field => JsonPath.Parse(field.GetString()!))]);
}
