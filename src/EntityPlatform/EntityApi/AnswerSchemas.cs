using System.Text.Json.Nodes;
using Strata.Api.OpenApi;

namespace Strata.EntityApi;

/// <summary>The schemas of the entity API's answers, as its writers write them; by the operation's id in the description.</summary>
internal static class AnswerSchemas
{
    private static readonly Dictionary<string, Func<JsonNode>> All = new(StringComparer.Ordinal)
    {
        ["getEntity"] = Envelope,
        ["listEntities"] = () =>
            Either(Schemas.List(Envelope()),
                Schemas.Members([("items", Schemas.List(Envelope())), ("nextCursor", Schemas.Text())], "items")),
        ["getEntityChanges"] = () => Schemas.List(Schemas.Members(
            [("changeType", Change()), ("timeOfChange", Schemas.Time()), ("user", Schemas.Text()), ("transactionId", Schemas.Uuid())],
            "changeType", "timeOfChange", "user", "transactionId")),
        ["getEntityTransitions"] = Names,
        ["fetchTransitions"] = Names,
        ["createEntity"] = Transactions,
        ["createEntities"] = Transactions,
        ["updateEntities"] = Transactions,
        ["updateEntity"] = Transaction,
        ["patchEntity"] = Transaction,
        ["transitionEntity"] = Transaction,
        ["patchEntityWithTransition"] = Transaction,
        ["takeTransition"] = Transaction,
        ["dryRunUpdate"] = DryRun,
        ["dryRunTransition"] = DryRun,
        ["deleteEntity"] = () => Schemas.Members(
            [("id", Schemas.Uuid()), ("modelKey", ModelKey()), ("transactionId", Schemas.Uuid())], "id", "modelKey", "transactionId"),
        ["deleteEntities"] = Deletion,
        ["getEntityAudit"] = () => Schemas.Members(
            [
                ("items", Schemas.List(AuditEvent())),
                ("pagination", Schemas.Members([("hasNext", Schemas.Flag()), ("nextCursor", Schemas.Text())], "hasNext")),
            ], "items", "pagination"),
        ["getWorkflowFinished"] = AuditEvent,
        ["listModels"] = () => Schemas.List(Schemas.Members(
            [
                ("id", Schemas.Uuid()), ("modelName", Schemas.Text()), ("modelVersion", Count()),
                ("currentState", Schemas.OneOf("UNLOCKED", "LOCKED")),
                ("modelUpdateDate", Schemas.Time()), ("changeLevel", Schemas.Text()), ("project", Schemas.Text()),
            ], "id", "modelName", "modelVersion", "currentState", "modelUpdateDate")),
        ["exportModel"] = () => Schemas.Members(
            [("currentState", Schemas.OneOf("UNLOCKED", "LOCKED")), ("model", Schemas.Object()), ("uniqueKeys", Schemas.List(UniqueKey()))],
            "currentState", "model"),
        ["validateDocument"] = ModelAction,
        ["lockModel"] = ModelAction,
        ["unlockModel"] = ModelAction,
        ["setChangeLevel"] = ModelAction,
        ["setUniqueKeys"] = ModelAction,
        ["setModelProject"] = ModelAction,
        ["deleteModel"] = ModelAction,
        ["setRetention"] = ModelAction,
        ["deleteRetention"] = ModelAction,
        ["getRetention"] = () => Schemas.Members(
            [("keepSupersededDays", Count()), ("droppedBefore", Schemas.Time()), ("droppedRevisions", Count()),
                ("droppedAt", Schemas.Time())]),
        ["exportWorkflows"] = () => Schemas.Members(
            [("entityName", Schemas.Text()), ("modelVersion", Count()), ("workflows", Schemas.List(Schemas.Object()))], "workflows"),
        ["importWorkflows"] = () => Schemas.Members([("success", Schemas.Flag())], "success"),
        ["listIndexes"] = Indexes,
        ["setIndexes"] = Indexes,
        ["explainCondition"] = () => Schemas.Members(
            [("usesIndex", Schemas.Flag()), ("indexes", Names()), ("plan", Schemas.Any())], "usesIndex", "indexes", "plan"),
        ["migrateEntities"] = () => Schemas.Members(
            [
                ("type", Schemas.Text()), ("dryRun", Schemas.Flag()), ("seen", Count()), ("moved", Count()), ("failed", Count()),
                ("failures",
                    Schemas.List(Schemas.Members([("entityId", Schemas.Uuid()), ("code", Schemas.Text()), ("message", Schemas.Text())]))),
            ], "type", "seen", "moved", "failed"),
        ["getStats"] = () => Schemas.List(Counted()),
        ["getModelStats"] = Counted,
        ["getStateStats"] = () => Schemas.List(Counted()),
        ["getModelStateStats"] = () => Schemas.List(Counted()),
        ["queryGroupedStats"] = () => Schemas.List(Schemas.Members(
            [
                ("groupKey", Schemas.List(Schemas.Members([("path", Schemas.Text()), ("value", Schemas.Any())], "path", "value"))),
                ("count", Count()), ("aggregations", Schemas.Map(Schemas.Any())),
            ], "count")),
        ["searchEntities"] = Envelope,
        ["getSearchResults"] = () => Schemas.Members([("content", Schemas.List(Envelope())), ("page", Page())], "content", "page"),
        ["getSnapshotResults"] = () => Schemas.Members(
            [("_embedded", Schemas.Members([("objectNodes", Schemas.List(Envelope()))], "objectNodes")), ("page", Page())],
            "_embedded", "page"),
        ["getSearchStatus"] = () => JobStatus(),
        ["getSnapshotStatus"] = () => JobStatus(("snapshotStatus", Schemas.Text())),
        ["cancelSearch"] = () => Schemas.Members(
            [("isCancelled", Schemas.Flag()), ("cancelled", Schemas.Flag()), ("currentSearchJobStatus", Schemas.Text())],
            "isCancelled", "cancelled", "currentSearchJobStatus"),
        ["saveMessage"] = () => Schemas.List(Transaction()),
        ["getMessage"] = Message,
        ["getMessageByOlderPath"] = Message,
        ["deleteMessage"] = () => Schemas.Members([("entityIds", Ids())], "entityIds"),
        ["deleteMessages"] = () =>
            Schemas.List(Schemas.Members([("entityIds", Ids()), ("success", Schemas.Flag())], "entityIds", "success")),
        ["followEntities"] = () => Schemas.Members(
            [
                ("type", Schemas.OneOf("change", "ping")), ("position", Count()), ("end", Schemas.Flag()), ("revision", Count()),
                ("changeType", Change()),
                ("timeOfChange", Schemas.Time()), ("user", Schemas.Text()), ("transactionId", Schemas.Uuid()), ("entity", Envelope()),
            ], "type", "position"),
        ["getImport"] = ImportState,
        ["importData"] = ImportState,
        ["exportData"] = () => Schemas.Members([("type", Schemas.Text())], "type"),
    };

    /// <summary>Null: the operation describes its answer where it is mapped.</summary>
    public static Content? Of(string id, string mediaType = "application/json") => All.TryGetValue(id, out var schema)
        ? new Content([mediaType], schema()) : null;

    private static JsonObject Envelope() => Schemas.Members(
        [
            ("type", Schemas.OneOf("ENTITY")), ("data", Schemas.Any()),
            ("meta", Schemas.Members(
                [
                    ("id", Schemas.Uuid()), ("modelKey", ModelKey()), ("state", Schemas.Text()), ("creationDate", Schemas.Time()),
                    ("lastUpdateTime", Schemas.Time()),
                    ("pointInTime", Schemas.Time()), ("transactionId", Schemas.Uuid()), ("transitionForLatestSave", Schemas.Text()),
                ], "id", "modelKey", "state", "creationDate", "lastUpdateTime", "transactionId")),
        ], "type", "data", "meta");

    private static JsonObject ModelKey() => Schemas.Members([("name", Schemas.Text()), ("version", Count())], "name", "version");

    private static JsonObject Transaction() =>
        Schemas.Members([("transactionId", Schemas.Uuid()), ("entityIds", Ids())], "transactionId", "entityIds");

    /// <summary>One for each transaction of the request, in its order; <c>error</c> in place of the others where it failed.</summary>
    private static JsonObject Transactions() => Schemas.List(Schemas.Members(
        [
            ("transactionId", Schemas.Uuid()), ("entityIds", Ids()),
            ("failed", Schemas.List(Schemas.Members([("entityId", Schemas.Uuid()), ("error", ErrorAt("itemIndex"))], "entityId", "error"))),
            ("error", ErrorAt("chunkIndex")),
        ]));

    private static JsonObject ErrorAt(string place) => Schemas.Members(
        [("code", Schemas.Text()), ("message", Schemas.Text()), (place, Count())], "code", "message", place);

    /// <summary>The spelling of the counts is the contract's.</summary>
    private static JsonObject Deletion() => Schemas.Members(
        [
            ("entityModelClassId", Schemas.Uuid()), ("ids", Ids()),
            ("deleteResult", Schemas.Members(
                [("numberOfEntitites", Count()), ("numberOfEntititesRemoved", Count()), ("idToError", Schemas.Map(Schemas.Text()))],
                "numberOfEntitites", "numberOfEntititesRemoved", "idToError")),
        ], "entityModelClassId", "ids", "deleteResult");

    private static JsonObject DryRun() => Schemas.Members(
        [
            ("entityId", Schemas.Uuid()), ("modelKey", ModelKey()), ("transition", Schemas.Text()), ("wouldSucceed", Schemas.Flag()),
            ("error", Schemas.Members(
                [("code", Schemas.Text()), ("message", Schemas.Text()), ("nextStep", Schemas.Text()), ("retryable", Schemas.Flag())],
                "code", "message", "retryable")),
            ("workflow", Schemas.Text()), ("stateBefore", Schemas.Text()), ("stateAfter", Schemas.Text()),
            ("steps", Schemas.List(Schemas.Members(
                [
                    ("transition", Schemas.Text()), ("from", Schemas.Text()), ("to", Schemas.Text()), ("automatic", Schemas.Flag()),
                    ("processors", Schemas.List(Schemas.Members(
                        [("name", Schemas.Text()), ("executionMode", Schemas.Text()), ("calculationNodesTags", Names()),
                            ("served", Schemas.Flag())]))),
                ]))),
            ("refused", Schemas.List(Schemas.Members(
                [
                    ("kind", Schemas.OneOf("workflow", "processor", "transition")), ("name", Schemas.Any()), ("state", Schemas.Any()),
                    ("criterion", Schemas.Any()),
                    ("reason", Schemas.Any()), ("comparisons", Schemas.List(Schemas.Object())),
                ], "kind"))),
            ("schedules", Schemas.Members([("armed", Schemas.List(Schemas.Object())), ("cancelled", Names())], "armed", "cancelled")),
            ("offers", Schemas.List(Schemas.Members(
                [("transition", Schemas.Text()), ("to", Schemas.Text()), ("criterion", Schemas.Text()), ("refusal", Schemas.Text())],
                "transition", "to"))),
            ("assumes", Schemas.Text()),
        ], "entityId", "modelKey", "transition", "wouldSucceed", "stateBefore", "steps", "refused", "offers");

    private static JsonObject AuditEvent() => Schemas.Members(
        [
            ("auditEventType", Schemas.Text()), ("severity", Schemas.Text()), ("utcTime", Schemas.Time()), ("microsTime", Count()),
            ("consistencyTime", Schemas.Time()),
            ("entityId", Schemas.Uuid()), ("entityModel", Schemas.Text()), ("transactionId", Schemas.Uuid()), ("system", Schemas.Flag()),
            ("actor", Schemas.Members([("id", Schemas.Text()), ("legalId", Schemas.Text()), ("name", Schemas.Text())], "id")),
            ("changeType", Change()),
            ("eventType", Schemas.Text()), ("state", Schemas.Text()), ("details", Schemas.Text()), ("data", Schemas.Object()),
        ], "auditEventType", "utcTime", "entityId", "transactionId");

    private static JsonObject ModelAction() => Schemas.Members(
        [("success", Schemas.Flag()), ("message", Schemas.Text()), ("modelId", Schemas.Uuid()), ("modelKey", ModelKey())], "success",
        "message", "modelId", "modelKey");

    private static JsonObject UniqueKey() => Schemas.Members([("id", Schemas.Text()), ("fields", Names())], "id", "fields");

    private static JsonObject Indexes() => Schemas.Members(
        [
            ("indexes", Schemas.List(Schemas.Members(
                [("path", Schemas.Text()), ("state", Schemas.Text()), ("progress", Number()), ("message", Schemas.Text())],
                "path", "state"))),
        ], "indexes");

    private static JsonObject Counted() => Schemas.Members(
        [("modelName", Schemas.Text()), ("modelVersion", Count()), ("state", Schemas.Text()), ("count", Count())], "modelName",
        "modelVersion", "count");

    private static JsonObject JobStatus(params (string, JsonNode)[] more) => Schemas.Members(
        [
            .. more, ("searchJobStatus", Schemas.Text()), ("createTime", Schemas.Time()), ("entitiesCount", Count()),
            ("calculationTimeMillis", Count()),
            ("finishTime", Schemas.Time()), ("expirationDate", Schemas.Time()), ("message", Schemas.Text()),
        ], "searchJobStatus", "createTime", "entitiesCount", "calculationTimeMillis", "expirationDate");

    private static JsonObject Page() => Schemas.Members(
        [("number", Count()), ("size", Count()), ("totalElements", Count()), ("totalPages", Count())], "number", "size", "totalElements",
        "totalPages");

    private static JsonObject Message() => Schemas.Members(
        [
            ("header", Schemas.Members(
                [("subject", Schemas.Text()), ("contentType", Schemas.Text()), ("contentLength", Count()),
                    ("contentEncoding", Schemas.Text())], "subject")),
            ("metaData", Schemas.Object()), ("content", Schemas.Any()),
        ], "header", "metaData", "content");

    private static JsonObject ImportState() => Schemas.Members(
        [
            ("state", Schemas.OneOf("NONE", Transfer.ImportState.Unfinished, Transfer.ImportState.Complete)), ("export", Schemas.Uuid()),
            ("staged", Count()),
            ("at", Schemas.Time()), ("revisions", Count()), ("digest", Schemas.Text()), ("base", Count()), ("expiresAt", Schemas.Time()),
        ], "state");

    private static JsonObject Either(JsonNode one, JsonNode other) => new() { ["oneOf"] = new JsonArray(one, other) };

    private static JsonObject Names() => Schemas.List(Schemas.Text());

    private static JsonObject Ids() => Schemas.List(Schemas.Uuid());

    private static JsonObject Change() => Schemas.OneOf("CREATE", "UPDATE", "DELETE");

    private static JsonObject Count() => Schemas.Integer(0, long.MaxValue);

    private static JsonObject Number() => new() { ["type"] = "number" };
}
