using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Tests.Hosting;

/// <summary>Transfers whose publishing begins only when the client of the request has left.</summary>
internal sealed class ClientLeavesTransfers(ITransfers inner, IHttpContextAccessor requests) : ITransfers
{
    private readonly TaskCompletionSource publishes = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the server is about to publish.</summary>
    public Task Publishes => publishes.Task;

    public async ValueTask<PublishOutcome> PublishAsync(
        TenantId tenant, Revision head, Func<Revision, DurableValue> mark, Fence fence, CancellationToken cancellationToken)
    {
        publishes.TrySetResult();
        var aborted = requests.HttpContext!.RequestAborted;
        await Task.Delay(TimeSpan.FromMinutes(2), aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(aborted.IsCancellationRequested);
        cancellationToken.ThrowIfCancellationRequested();
        return await inner.PublishAsync(tenant, head, mark, fence, cancellationToken);
    }

    public ValueTask<IReadOnlyList<HeldClaim>> ClaimsAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ClaimsAsync(tenant, after, limit, cancellationToken);

    public ValueTask<IReadOnlyList<HeldSchedule>> SchedulesAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        inner.SchedulesAsync(tenant, after, limit, cancellationToken);

    public ValueTask<IReadOnlyList<TenantId>> ExpiredAsync(
        DateTimeOffset before, TenantId? after, int limit, CancellationToken cancellationToken) =>
        inner.ExpiredAsync(before, after, limit, cancellationToken);

    public ValueTask<bool> CloseAsync(TenantId tenant, DateTimeOffset until, Fence fence, CancellationToken cancellationToken) =>
        inner.CloseAsync(tenant, until, fence, cancellationToken);

    public ValueTask<bool> OpenAsync(TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        inner.OpenAsync(tenant, fence, cancellationToken);

    public ValueTask<bool> StageAsync(TenantId tenant, HistoryPart part, Fence fence, CancellationToken cancellationToken) =>
        inner.StageAsync(tenant, part, fence, cancellationToken);

    public ValueTask<FollowPage> StagedAsync(TenantId tenant, Revision after, int limit, CancellationToken cancellationToken) =>
        inner.StagedAsync(tenant, after, limit, cancellationToken);

    public ValueTask<bool> UnstageAsync(TenantId tenant, bool revisions, Fence fence, CancellationToken cancellationToken) =>
        inner.UnstageAsync(tenant, revisions, fence, cancellationToken);

    public ValueTask<bool> IsEmptyAsync(TenantId tenant, CancellationToken cancellationToken) =>
        inner.IsEmptyAsync(tenant, cancellationToken);
}
