using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Tests.Support;

/// <summary>Things that tests need one of.</summary>
internal static class Some
{
    public static readonly ModelKey Model = new("order", 1);
    public static readonly TenantId Tenant = new(new Guid("00000000-0000-7000-8000-00000000000a"));
    public static readonly Caller Caller = new(Tenant, "user:jane");
    public static readonly DateTimeOffset Time = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    public static EntityRevision Entity(string document, string state = "NEW") => Entity(JsonText.FromString(document), state);

    public static EntityRevision Entity(JsonText document, string state = "NEW") => new()
    {
        Tenant = Tenant,
        Id = new EntityId(new Guid("0193a1b2-0000-7000-8000-000000000001")),
        Model = Model,
        Revision = new Revision(7),
        Commit = new CommitId(new Guid("0193a1b2-0000-7000-8000-000000000002")),
        State = state,
        Document = document,
        CreatedAt = Time,
        ChangedAt = Time.AddMinutes(1),
        ChangedBy = Caller.Actor,
    };

    public static JsonText Json(string json) => JsonText.FromString(json);
}
