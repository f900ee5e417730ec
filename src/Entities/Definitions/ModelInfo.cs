using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>A user's model as the catalog tells of it.</summary>
public sealed record ModelInfo
{
    /// <summary>See <see cref="StoredModel.IdOf"/>.</summary>
    public required EntityId Id { get; init; }

    public required ModelKey Key { get; init; }

    /// <summary>UNLOCKED or LOCKED.</summary>
    public required string State { get; init; }

    public required Revision Revision { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>The structure that samples have shown, as the member <c>model</c> of the entity API's SIMPLE_VIEW.</summary>
    public required JsonText SimpleView { get; init; }

    public required IReadOnlyList<UniqueKeyDefinition> UniqueKeys { get; init; }
    public required IReadOnlyList<WorkflowDefinition> Workflows { get; init; }

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
            SimpleView = document.Structure.ToSimpleView(),
            UniqueKeys = document.UniqueKeys,
            Workflows = document.Workflows,
        };
    }
}
