using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>A user's model as the catalog lists it.</summary>
public sealed record ModelInfo
{
    /// <summary>See <see cref="StoredModel.IdOf"/>.</summary>
    public required EntityId Id { get; init; }

    public required ModelKey Key { get; init; }

    /// <summary>UNLOCKED or LOCKED.</summary>
    public required string State { get; init; }

    public required Revision Revision { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>What documents may change about the structure, for example TYPE; null: nothing.</summary>
    public required string? ChangeLevel { get; init; }

    public required IReadOnlyList<UniqueKeyDefinition> UniqueKeys { get; init; }
    public required IReadOnlyList<WorkflowDefinition> Workflows { get; init; }

    /// <summary>Id of the project that it belongs to; null: to the organization.</summary>
    public string? Project { get; init; }

    /// <summary>Null: everything is kept, and has been.</summary>
    public ModelRetention? Retention { get; init; }

    internal ModelStructure Structure { get; private init; } = new();

    /// <summary>The structure as the member <c>model</c> of the entity API's SIMPLE_VIEW.</summary>
    public JsonText ToSimpleView() => Structures.SimpleView.Write(Structure);

    /// <summary>A field's name as a step of the paths in SIMPLE_VIEW: <c>.name</c>, or <c>['odd name']</c>.</summary>
    public static string InView(string name) => Structures.SimpleView.NameOf(name);

    /// <summary>The structure as the member <c>model</c> of the entity API's JSON_SCHEMA.</summary>
    public JsonText ToJsonSchema() => JsonSchemaWriter.Write(Structure);

    internal static ModelInfo Of(EntityRevision revision)
    {
        var document = ModelDocument.Read(revision.Document);
        return new ModelInfo
        {
            Id = revision.Id,
            Key = document.Key,
            State = revision.State,
            Revision = revision.Revision,
            ChangedAt = revision.ChangedAt,
            ChangeLevel = document.ChangeLevel == Structures.ChangeLevel.None ? null : ChangeLevels.Of(document.ChangeLevel),
            Structure = document.Structure,
            Project = document.Project,
            Retention = document.Retention,
            UniqueKeys = document.UniqueKeys,
            Workflows = document.Workflows,
        };
    }
}
