using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// A model inside a transaction, for documents that do not fit it as it was known: judged by the model as the log has it now, whose
/// structure grows where its change level allows. Growing is the union of what the documents need, so it can be done again on whatever
/// another commit made of the model meanwhile. Not for concurrent use.
/// </summary>
internal sealed class ModelDraft(IEntityLog log, TenantId tenant, ModelKey key)
{
    private readonly List<JsonText> documents = [];
    private EntityRevision? read;
    private ModelDocument? grown;

    public EntityId Id { get; } = StoredModel.IdOf(key);

    public bool HasGrown { get; private set; }

    public int DocumentCount => documents.Count;

    /// <summary>Null where the document fits, or does now.</summary>
    public async ValueTask<Error?> AdmitAsync(JsonText document, bool mayGrow, CancellationToken cancellationToken)
    {
        read ??= await log.ReadAsync(tenant, Id, AsOf.Latest, cancellationToken);
        if (grown is null && Restore() is { } error) return error;
        if (Grow(document, mayGrow) is { } refused)
        {
            Restore(); // it holds half of what was refused
            return refused;
        }
        documents.Add(document);
        return null;
    }

    /// <summary>Forgets all documents but the first ones.</summary>
    public void Truncate(int count)
    {
        if (documents.Count == count) return;
        documents.RemoveRange(count, documents.Count - count);
        Restore();
    }

    /// <summary>Starts from the model as it is now, after another commit has changed it.</summary>
    public async ValueTask<Error?> AgainAsync(CancellationToken cancellationToken)
    {
        read = await log.ReadAsync(tenant, Id, AsOf.Latest, cancellationToken);
        return Restore();
    }

    public EntityWrite ToWrite() => new()
    {
        Id = Id,
        Model = StoredModel.Key,
        Expected = read!.Revision,
        State = read.State,
        Document = grown!.Write(),
        Transition = "loopback",
    };

    /// <summary>The revision as the log holds it.</summary>
    public EntityRevision Committed(Commit commit, EntityWrite write, AppendOutcome.Committed outcome) => read! with
    {
        Revision = outcome.Revision,
        Commit = commit.Id,
        ChangedAt = outcome.At,
        ChangedBy = commit.By,
        Document = write.Document,
        Transition = write.Transition,
    };

    private Error? Restore()
    {
        (grown, HasGrown) = (null, false);
        if (read is null || read.Model != StoredModel.Key) return EngineErrors.ModelNotFound(key);
        if (read.State != StoredModel.Locked) return EngineErrors.ModelNotLocked(key);
        grown = ModelDocument.Read(read.Document);
        return documents.Select(document => Grow(document, mayGrow: true)).FirstOrDefault(error => error is not null);
    }

    private Error? Grow(JsonText document, bool mayGrow)
    {
        using var json = document.Parse();
        var growth = StructureGrowth.Of(grown!.Structure, json.RootElement);
        if (growth.Needs == ChangeLevel.None) return null;
        if (!mayGrow || growth.Needs > grown.ChangeLevel) return StructureErrors.DoesNotFit(key, growth);
        if (grown.Structure.IsTooLarge) return ModelErrors.StructureTooLarge();
        HasGrown = true;
        return null;
    }
}
