using Strata.Api.OpenApi;

namespace Strata.EntityApi.Entities;

/// <summary>What the descriptions of the operations on entities have in common.</summary>
internal static class EntityOperations
{
    public const string Read = "entities.read";
    public const string Write = "entities.write";

    /// <summary>Entities that one request names or a page holds, at most.</summary>
    public const int ItemsMax = 10_000;

    public static readonly Parameter PointInTime = Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time());

    public static readonly Parameter IfMatch = Parameter.Header("If-Match", "The transactionId that the entity must still have, or *.");

    public static readonly Parameter Timeout = Parameter.Query(
        "transactionTimeoutMillis",
        "After it a transaction that is not ready to commit is aborted.", Schemas.Integer(1, WriteSettings.TimeoutMsMax));

    /// <summary>pointInTime or transactionId, not both.</summary>
    public static readonly Parameter[] Then = [PointInTime, Parameter.Query("transactionId", "As of this transaction.", Schemas.Uuid())];

    public static readonly Parameter[] Writing =
    [
        Parameter.IdempotencyKey,
        Timeout,
        Parameter.Query("waitForConsistencyAfter", "Accepted for compatibility: reads always see what was written.", Schemas.Flag()),
        Parameter.Query("transactional", "Accepted for compatibility: writes are always transactions.", Schemas.Flag()),
    ];

    public static readonly Parameter[] WritingOne = [IfMatch, .. Writing];

    public static readonly Parameter[] WritingMany =
        [Parameter.Query("transactionWindow", "Entities per transaction.", Schemas.Integer(1, WriteSettings.WindowMax)), .. Writing];

    public static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "entity", Answer = AnswerSchemas.Of(id) };
}
