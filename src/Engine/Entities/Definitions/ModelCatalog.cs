using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>
/// The verbs on users' models, each of which is an entity in the user's own log (see <see cref="StoredModel"/>), so that it has a history
/// and can be read as of then. Models of the platform are out of reach: FORBIDDEN. Safe for concurrent use.
/// <para>Between the look whether a model has entities and its unlocking, one may be created by a server that does not know yet; the look
/// is repeated afterwards and the model locked again.</para>
/// </summary>
public sealed partial class ModelCatalog(EntityEngine engine, StoredDefinitions definitions)
{
    /// <summary>Models listed of one tenant at most.</summary>
    public const int ListMax = 10_000;

    private const int CreateTriesMax = 3;

    /// <summary>
    /// Learns a model's structure, or more of it, from samples, a view or a schema, and creates the model if it does not exist. Only while
    /// it is unlocked (MODEL_ALREADY_LOCKED).
    /// </summary>
    public async ValueTask<Result<ModelInfo>> ImportAsync(
        Caller caller, ModelKey key, ModelConverter converter, JsonText body, CancellationToken cancellationToken)
    {
        if (CheckKey(key) is { } error) return error;
        if (JsonGuard.Check(body.Utf8).Error is { } malformed) return malformed;
        for (var attempt = 1; ; attempt++)
        {
            var merged = await ChangeShapeAsync(caller, key, model => ModelImport.ApplyTo(model, converter, body), cancellationToken);
            if (merged.Error?.Code != "MODEL_NOT_FOUND") return merged;
            if (!ModelImport.ApplyTo(ModelDocument.New(key) with { Project = caller.Project }, converter, body)
                .TryGet(out var created, out error)) return error;
            created = await WithPastAsync(caller, created, cancellationToken);
            var result = await engine.CreateAsync(caller, StoredModel.Key, StoredModel.IdOf(key), created.Write(), null, cancellationToken);
            if (result.Error?.Code != "CONFLICT" || attempt == CreateTriesMax)
                return result.Error?.Code == "CONFLICT" && caller.Project is not null ? ModelErrors.NameTaken(key) : Learn(key, result);
        }
    }

    /// <summary>
    /// Sets what documents may change about the structure while the model is locked: ARRAY_LENGTH, ARRAY_ELEMENTS, TYPE or STRUCTURAL (else
    /// INVALID_CHANGE_LEVEL), each including those before it.
    /// </summary>
    public async ValueTask<Result<ModelInfo>> SetChangeLevelAsync(
        Caller caller, ModelKey key, string level, CancellationToken cancellationToken)
    {
        if (ChangeLevels.Find(level) is not { } known) return StructureErrors.UnknownChangeLevel(key, level);
        DocumentChange change = current => (ModelDocument.Read(current.Document) with { ChangeLevel = known }).Write();
        return await ChangeAsync(caller, key, change, null, cancellationToken);
    }

    /// <summary>
    /// Whether a document fits the model's structure as it is; the fault is what a create would answer at no change level.
    /// </summary>
    public async ValueTask<Result<(ModelInfo Model, Error? Fault)>> ValidateAsync(
        Caller caller, ModelKey key, JsonText document, CancellationToken cancellationToken)
    {
        if (!(await GetAsync(caller, key, AsOf.Latest, cancellationToken)).TryGet(out var model, out var error)) return error;
        using var json = document.Parse();
        var growth = StructureGrowth.Of(model.Structure, json.RootElement);
        return (model, growth.Needs == ChangeLevel.None ? null : StructureErrors.DoesNotFit(key, growth));
    }

    /// <summary>
    /// Sets the unique keys: {uniqueKeys: [{id, fields[]}]}. Only while it is unlocked; INVALID_UNIQUE_KEY_DEFINITION names every fault.
    /// </summary>
    public ValueTask<Result<ModelInfo>> SetUniqueKeysAsync(
        Caller caller, ModelKey key, JsonText body, CancellationToken cancellationToken) =>
        ChangeShapeAsync(caller, key, model => SetKeys(model, body), cancellationToken);

    /// <summary>From here on the model holds entities and keeps its shape.</summary>
    public ValueTask<Result<ModelInfo>> LockAsync(Caller caller, ModelKey key, CancellationToken cancellationToken) =>
        ChangeAsync(
            caller, key, current => current.State == StoredModel.Locked ? ModelErrors.AlreadyLocked(key) : current.Document,
            StoredModel.LockTransition, cancellationToken);

    /// <summary>Only while it has no entities (MODEL_HAS_ENTITIES).</summary>
    public async ValueTask<Result<ModelInfo>> UnlockAsync(Caller caller, ModelKey key, CancellationToken cancellationToken)
    {
        if (CheckKey(key) is { } error) return error;
        if (await HasEntitiesAsync(caller, key, cancellationToken)) return await RefuseEntitiesAsync(caller, key, cancellationToken);
        var unlocked = await ChangeAsync(
            caller, key, current => current.State == StoredModel.Unlocked ? ModelErrors.AlreadyUnlocked(key) : current.Document,
            StoredModel.UnlockTransition, cancellationToken);
        if (!unlocked.IsOk || !await HasEntitiesAsync(caller, key, cancellationToken)) return unlocked;
        await LockAsync(caller with { Request = null }, key, cancellationToken);
        return await RefuseEntitiesAsync(caller, key, cancellationToken);
    }

    /// <summary>Only while it is unlocked and has no entities.</summary>
    public async ValueTask<Result<Done>> DeleteAsync(Caller caller, ModelKey key, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(caller, key, AsOf.Latest, cancellationToken)).TryGet(out var model, out var error)) return error;
        if (model.State == StoredModel.Locked) return ModelErrors.AlreadyLocked(key);
        if (await HasEntitiesAsync(caller, key, cancellationToken)) return await RefuseEntitiesAsync(caller, key, cancellationToken);
        var deleted = await engine.DeleteAsync(caller, StoredModel.Key, model.Id, model.Revision, cancellationToken);
        if (deleted.IsOk) definitions.Learn(deleted.Value);
        return deleted.Error is null ? new Done() : NotFoundAsModel(key, deleted.Error);
    }

    public async ValueTask<Result<ModelInfo>> GetAsync(Caller caller, ModelKey key, AsOf asOf, CancellationToken cancellationToken) =>
        (await FindAsync(caller, key, asOf, cancellationToken)).TryGet(out var model, out var error) ? ModelInfo.Of(model) : error;

    /// <summary>All models of the tenant, at most <see cref="ListMax"/>, in order of their ids.</summary>
    public async ValueTask<Result<IReadOnlyList<ModelInfo>>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        var models = new List<ModelInfo>();
        var scan = new Scan { Tenant = caller.Tenant, Model = StoredModel.Key, Limit = PageLimits.Max };
        await foreach (var page in engine.Log.PagesAsync(scan, cancellationToken))
        {
            models.AddRange(page.Where(model => IsOf(caller, model)).Select(ModelInfo.Of));
            if (models.Count >= ListMax) break;
        }
        return models;
    }

    /// <summary>
    /// Imports workflows: {workflows[], importMode MERGE | REPLACE | ACTIVATE, allowCycles}. Entities that exist follow the new ones from
    /// their next change on.
    /// </summary>
    public async ValueTask<Result<ModelInfo>> ImportWorkflowsAsync(
        Caller caller, ModelKey key, JsonText body, CancellationToken cancellationToken)
    {
        if (!WorkflowImport.Parse(body).TryGet(out var import, out var error)) return error;
        return await ChangeAsync(caller, key, current => Apply(import, ModelDocument.Read(current.Document)), null, cancellationToken);
    }

    /// <summary>The workflows as {entityName, modelVersion, workflows[]}; WORKFLOW_NOT_FOUND without any.</summary>
    public async ValueTask<Result<JsonText>> ExportWorkflowsAsync(Caller caller, ModelKey key, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(caller, key, AsOf.Latest, cancellationToken)).TryGet(out var model, out var error)) return error;
        var document = ModelDocument.Read(model.Document);
        return document.Workflows.Count == 0 ? ModelErrors.NoWorkflows(key) : WriteExport(document);
    }

    private static Result<JsonText> Apply(WorkflowImport import, ModelDocument model)
    {
        var workflows = import.ApplyTo(model.Workflows);
        return workflows.Count <= WorkflowImport.WorkflowsMax
            ? (model with { Workflows = workflows }).Write()
            : new Error(ErrorKind.Invalid, "VALIDATION_FAILED", $"A model has at most {WorkflowImport.WorkflowsMax} workflows.",
                "Import with the mode REPLACE.");
    }

    private static Result<ModelDocument> SetKeys(ModelDocument model, JsonText body) =>
        UniqueKeysRequest.Parse(body, model.Structure).TryGet(out var keys, out var error) ? model with { UniqueKeys = keys } : error;

    private ValueTask<Result<ModelInfo>> ChangeShapeAsync(
        Caller caller, ModelKey key, Func<ModelDocument, Result<ModelDocument>> change, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key, current => current.State == StoredModel.Locked
            ? ModelErrors.AlreadyLocked(key)
            : change(ModelDocument.Read(current.Document)).Then<JsonText>(model => model.Write()), null, cancellationToken);

    private async ValueTask<Result<ModelInfo>> ChangeAsync(
        Caller caller, ModelKey key, DocumentChange change, string? transition, CancellationToken cancellationToken)
    {
        if (CheckKey(key) is { } error) return error;
        return Learn(
            key, await engine.UpdateAsync(caller, StoredModel.Key, StoredModel.IdOf(key), ChangeOwn, transition, null, cancellationToken));

        Result<JsonText> ChangeOwn(EntityRevision current) => IsOf(caller, current) ? change(current) : EngineErrors.ModelNotFound(key);
    }

    private async ValueTask<Result<EntityRevision>> FindAsync(Caller caller, ModelKey key, AsOf asOf, CancellationToken cancellationToken)
    {
        if (CheckKey(key) is { } error) return error;
        var found = await engine.Log.ReadAsync(caller.Tenant, StoredModel.IdOf(key), asOf, cancellationToken);
        return found is not null && found.Model == StoredModel.Key && IsOf(caller, found) ? found : EngineErrors.ModelNotFound(key);
    }

    private async ValueTask<Error> RefuseEntitiesAsync(Caller caller, ModelKey key, CancellationToken cancellationToken) =>
        ModelErrors.HasEntities(
            key, (await engine.Log.CountAsync(caller.Tenant, key, AsOf.Latest, cancellationToken)).Sum(state => state.Count));

    private async ValueTask<bool> HasEntitiesAsync(Caller caller, ModelKey key, CancellationToken cancellationToken) =>
        (await engine.Log.ScanAsync(new Scan { Tenant = caller.Tenant, Model = key, Limit = 1 }, cancellationToken)).Count > 0;

    /// <summary>A caller of one project reaches only the models that belong to it.</summary>
    private static bool IsOf(Caller caller, EntityRevision model) =>
        caller.Project is null || ModelDocument.ProjectOf(model.Document) == caller.Project;

    private Result<ModelInfo> Learn(ModelKey key, Result<EntityRevision> written)
    {
        if (!written.TryGet(out var revision, out var error)) return NotFoundAsModel(key, error);
        definitions.Learn(revision);
        return ModelInfo.Of(revision);
    }

    private static Error NotFoundAsModel(ModelKey key, Error error) => error.Code == "ENTITY_NOT_FOUND"
        ? EngineErrors.ModelNotFound(key) : error;

    private static Error? CheckKey(ModelKey key)
    {
        if (key.Name is not { Length: >= 1 and <= ModelKey.NameLengthMax } || key.Version < 1) return ModelErrors.BadKey();
        return CompositeDefinitions.IsPlatforms(key) ? ModelErrors.BelongsToPlatform(key) : null;
    }

    private static JsonText WriteExport(ModelDocument model)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("entityName", model.Key.Name);
            writer.WriteNumber("modelVersion", model.Key.Version);
            writer.WriteStartArray("workflows");
            foreach (var workflow in model.Workflows) writer.WriteRawValue(WorkflowText.Of(workflow).Utf8.Span, skipInputValidation: true);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return new JsonText(buffer.WrittenMemory);
    }
}
