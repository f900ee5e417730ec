using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>What a request wants of one entity that exists.</summary>
/// <param name="IfMatch">The transaction that must have written it last; null: any.</param>
/// <param name="Transition">Null: automatic transitions are tried again.</param>
/// <param name="Change">What becomes of the document.</param>
internal sealed record EntityChange(EntityId Id, CommitId? IfMatch, string? Transition, DocumentChange Change)
{
    /// <summary>Call within the transaction, so that what is checked is what is changed.</summary>
    public Result<JsonText> Apply(EntityRevision current)
    {
        if (EntityCall.IsPlatforms(current.Model)) return EntityApiErrors.EntityNotFound(Id.ToString());
        return IfMatch is { } expected && current.Commit != expected ? EntityApiErrors.Modified(Id) : Change(current);
    }
}
