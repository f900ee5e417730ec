using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>
/// Reads the query parameter <c>after</c>: the entity behind which a page of results starts, as <c>ID.TRANSACTIONID</c> of its envelope. A
/// client so goes on behind any line that it has read, and needs no cursor of the server.
/// </summary>
internal static class SearchPosition
{
    public const string Name = "after";

    /// <returns>Null where none is given.</returns>
    public static async ValueTask<Result<FoundEntity?>> ReadAsync(ApiCall call, IEntityLog log, TenantId tenant, ModelKey model)
    {
        if (!call.Query(Name).TryGet(out var text, out var error)) return error;
        if (text is null) return (FoundEntity?)null;
        if (!TryParse(text, out var id, out var transaction))
            return ApiErrors.QueryValue(Name, "the id and the transactionId of an entity, with a dot between them");
        var revision = await FindAsync(log, tenant, id, transaction, call.Aborted);
        return revision is not null && revision.Model == model
            ? new FoundEntity(id, revision.Revision) : SearchErrors.UnknownPosition(id);
    }

    private static bool TryParse(string text, out EntityId id, out CommitId transaction)
    {
        (id, transaction) = (default, default);
        if (text.Split('.') is not [var first, var second] || !Guid.TryParseExact(first, "D", out var entity)
            || !Guid.TryParseExact(second, "D", out var commit)) return false;
        (id, transaction) = (new EntityId(entity), new CommitId(commit));
        return true;
    }

    /// <summary>
    /// Mostly it is the latest one. That one is looked at first also because a transaction is found only while the first of its revisions
    /// is kept, and a retention rule may have dropped it.
    /// </summary>
    private static async ValueTask<EntityRevision?> FindAsync(
        IEntityLog log, TenantId tenant, EntityId id, CommitId transaction, CancellationToken cancellationToken)
    {
        var latest = await log.ReadAsync(tenant, id, AsOf.Latest, cancellationToken);
        if (latest?.Commit == transaction) return latest;
        if (await log.FindCommitAsync(tenant, transaction, cancellationToken) is not { } at) return null;
        var then = await log.ReadAsync(tenant, id, AsOf.At(at), cancellationToken);
        return then?.Commit == transaction ? then : null;
    }
}
