namespace Strata.Entities.Engine;

/// <summary>What a transaction held at one moment, to go back to. Good until the transaction commits a part.</summary>
internal sealed record Savepoint(
    IReadOnlyList<(Draft Draft, DraftState State)> Drafts, IReadOnlyList<(ModelDraft Model, int Documents)> Models, long Bytes);
