using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Tests.Contract;

/// <summary>Shorthands for commits and scans in tests.</summary>
internal static class Given
{
    public static readonly ModelKey Order = new("order", 1);

    public static TenantId Tenant() => TenantId.New(TimeProvider.System);

    public static EntityId Entity() => EntityId.New(TimeProvider.System);

    public static Commit Commit(TenantId tenant, params EntityWrite[] writes) =>
        new() { Tenant = tenant, Id = CommitId.New(TimeProvider.System), By = "user:test", Writes = writes };

    public static EntityWrite Create(EntityId id, string document = "{}", string state = "NEW", ModelKey? model = null) =>
        Update(id, Revision.None, document, state, model);

    public static EntityWrite Update(
        EntityId id, Revision expected, string document = "{}", string state = "NEW", ModelKey? model = null) =>
        new() { Id = id, Model = model ?? Order, Expected = expected, State = state, Document = JsonText.FromString(document) };

    public static EntityWrite Delete(EntityId id, Revision expected, string document = "{}") =>
        Update(id, expected, document) with { Delete = true };

    public static Scan Scan(TenantId? tenant, ModelKey? model = null) => new() { Tenant = tenant, Model = model ?? Order };

    public static async Task<AppendOutcome.Committed> CommitAsync(this IEntityLog log, Commit commit) =>
        Assert.IsType<AppendOutcome.Committed>(await log.AppendAsync(commit, CancellationToken.None));

    public static Task<AppendOutcome.Committed> CommitAsync(this IEntityLog log, TenantId tenant, params EntityWrite[] writes) =>
        log.CommitAsync(Commit(tenant, writes));

    public static ValueTask<EntityRevision?> ReadAsync(this IEntityLog log, TenantId tenant, EntityId id, AsOf asOf = default) =>
        log.ReadAsync(tenant, id, asOf, CancellationToken.None);

    public static ValueTask<RevisionPage> ScanAsync(this IEntityLog log, Scan scan) => log.ScanAsync(scan, CancellationToken.None);

    /// <summary>A document of about this many bytes.</summary>
    public static string Large(int bytes) => $$"""{"text":"{{new string('x', bytes)}}"}""";

    /// <summary>Equal by meaning: stores may change order and white space.</summary>
    public static void SameJson(string expected, JsonText actual)
    {
        using var a = JsonDocument.Parse(expected);
        using var b = actual.Parse();
        Assert.True(JsonElement.DeepEquals(a.RootElement, b.RootElement), $"{expected} <> {Encoding.UTF8.GetString(actual.Utf8.Span)}");
    }
}
