using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Api.Watch;

/// <summary>
/// A watch: <c>item</c> for everything there is now, <c>ready</c>, then <c>item</c> for each change, and <c>ping</c> each 10 s.
/// Level-triggered: an item is the resource as it is. What is deleted, or no longer meets the filter, comes once more with <c>deleted</c>.
/// It ends with the server, or when its token is no longer good.
/// <para>Invariant: no document is sent that the caller may not see, the last one of what was deleted included. What leaves that, as an
/// instance does by other labels, comes once more without its content.</para>
/// <para>What there is comes from the kind's informer, at the very moment from which on changes are followed; so it costs the store two
/// looks at how far the log reaches, and nothing is remembered of what was sent, but which of it meets a filter.</para>
/// </summary>
internal sealed class KindWatch(
    KindEndpoints endpoints, KindStore store, Scoping scoping, ChangeFeed feed, InformerHub informers, AnswerMemory memory,
    StreamAccess access, OpenStreams streams,
    TimeProvider time, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> models = [store.Kind.Model.Name];
    private readonly KindInformer informer = informers.Ensure(store);

    private Kind Kind => store.Kind;

    public async Task<Result<Answer>> StartAsync(ApiCall call)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        if (!(await endpoints.Query.ReadFilterAsync(call, caller)).TryGet(out var filter, out error)) return error;
        if (!ReadFrom(call, caller).TryGet(out var from, out error)) return error;
        var tenant = TenantOf(caller);
        if (from is { } asked && tenant is { } of && await store.Log.HeadAsync(of, call.Aborted) is var head && asked > head)
            return ApiErrors.Query(
                // changes up to it would pass unseen
                "from", $"is ahead of the log, which ends at {head}.", $"Set from to a revision from 0 to {head}, or leave it out.");
        if (!streams.TryOpen(call.Principal, call.Principal.Tenant).TryGet(out var place, out error)) return error;
        return Answer.Stream(async http =>
        {
            using (place) await RunAsync(http, new Scope(tenant, filter, from, Scoping.ShownTo(call.Principal)));
        });
    }

    private Result<Revision?> ReadFrom(ApiCall call, Caller caller)
    {
        foreach (var name in (string[])["at", "cursor", "limit", "deleted"])
        {
            if (call.Http.Request.Query.ContainsKey(name)) return ApiErrors.Query(
                name, "does not go with a watch.", $"Leave out {name}, or leave out watch.");
        }
        if (!call.Query("from").TryGet(out var text, out var error)) return error;
        if (text is null) return (Revision?)null;
        if (TenantOf(caller) is null) return ApiErrors.Query(
            "from", "needs one organization: a revision belongs to one log.", "Name the organization with org, or leave out from.");
        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var revision)
            ? new Revision(revision) : ApiErrors.QueryValue("from", "a revision, which is a whole number from 0");
    }

    private TenantId? TenantOf(Caller caller)
    {
        var tenant = Kind.TenantOf(caller);
        return tenant == TenantId.Platform && Kind.Scope != KindScope.Platform ? null : tenant;
    }

    private async Task RunAsync(HttpContext http, Scope scope)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            using var events = new EventStream(http);
            var items = new WatchedItems(scope.Filter.Both is not null, scope.Tenant is not null);
            using var follower = await BeginAsync(http, events, scope, items, ending.Token);
            if (!items.IsFull) await FollowAsync(http, events, follower, scope, items, ending.Token);
            if (items.IsFull) await RefuseAsync(events, ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The stream ends with the server; the client connects to the next one.
        }
    }

    /// <summary>
    /// Sends the existing resources, and follows from that very moment. The list keeps documents in memory that the view may have replaced:
    /// it counts as an answer until it is sent, and is gone when this returns.
    /// </summary>
    private async Task<FeedFollower> BeginAsync(
        HttpContext http, EventStream events, Scope scope, WatchedItems items, CancellationToken cancellationToken)
    {
        if (scope is { From: { } from, Tenant: { } one })
        {
            await events.BeginAsync();
            return await feed.FollowAsync(one, from, models, cancellationToken);
        }
        if (scope.Tenant is { } tenant) await informers.CatchUpWithStoreAsync(tenant, [informer], cancellationToken);
        else await informers.CatchUpWithStoreAsync([informer], cancellationToken);
        using var lease = await memory.EnterWholeAsync(
            http.GetPrincipal().Tenant, AnswerMemory.BytesOf(Candidates(informer)), cancellationToken);
        var (follower, found) = await informers.FollowAsync(informer, scope.Tenant, Candidates, cancellationToken);
        try
        {
            found = Matching(found, scope);
            lease.Return(Math.Max(0, lease.Amount - AnswerMemory.BytesOf(found)));
            await events.BeginAsync();
            await SendAsync(events, found, scope, items, cancellationToken);
            return follower;
        }
        catch
        {
            follower.Dispose();
            throw;
        }

        IReadOnlyList<EntityRevision> Candidates(KindInformer view) => view.Candidates(scope.Tenant, scope.Filter.Both);
    }

    /// <summary>In order of organization and id.</summary>
    private static EntityRevision[] Matching(IReadOnlyList<EntityRevision> found, Scope scope) =>
    [
        .. found.Where(r => Matches(scope.Filter.Both, r)).OrderBy(r => (r.Tenant.Value, r.Id.Value)),
    ];

    private async Task SendAsync(
        EventStream events, IReadOnlyList<EntityRevision> list, Scope scope, WatchedItems items, CancellationToken cancellationToken)
    {
        foreach (var revision in list)
        {
            items.Listed(revision);
            if (items.IsFull) return;
            Write(events, revision, scope.Shown, gone: false);
            if (events.IsFull) await events.FlushAsync(cancellationToken);
        }
    }

    private async Task FollowAsync(
        HttpContext http, EventStream events, FeedFollower follower, Scope scope, WatchedItems items, CancellationToken cancellationToken)
    {
        events.Write("ready");
        await events.FlushAsync(cancellationToken);
        var lastPing = time.GetTimestamp();
        while (!items.IsFull)
        {
            var changes = await follower.NextAsync(PingEvery, cancellationToken);
            foreach (var change in changes)
            {
                Write(events, change, scope, items);
                if (events.IsFull) await events.FlushAsync(cancellationToken);
            }
            if (changes.Count == 0 || time.GetElapsedTime(lastPing) > PingEvery)
            {
                if (!await access.IsStillGoodAsync(http, Kind.ReadPermission, cancellationToken)) return;
                events.Write("ping");
                lastPing = time.GetTimestamp();
            }
            await events.FlushAsync(cancellationToken);
        }
    }

    private static async Task RefuseAsync(EventStream events, CancellationToken cancellationToken)
    {
        events.Write("error", json =>
        {
            json.WriteStartObject();
            json.WriteString("code", "WATCH_TOO_LARGE");
            json.WriteString(
                "message", $"More than {WatchedItems.CountMax} resources meet the filter of this watch. Use a narrower filter, or none.");
            json.WriteEndObject();
        });
        await events.FlushAsync(cancellationToken);
    }

    private void Write(EventStream events, EntityRevision change, Scope scope, WatchedItems items)
    {
        var isVisible = Matches(scope.Filter.Visible, change);
        var matches = isVisible && !change.Deleted && Matches(scope.Filter.Asked, change);
        // A watch from a revision does not know what its client has, so it is sent every deletion that it may see, whatever it asks for.
        if (items.IsToSend(change, matches) || (scope.From is not null && change.Deleted && isVisible))
            Write(events, change, isVisible ? scope.Shown : Shown.Identity, gone: !matches);
    }

    private static bool Matches(Condition? condition, EntityRevision revision) =>
        condition is null || ConditionEvaluator.Matches(condition, revision);

    private void Write(EventStream events, EntityRevision revision, Shown shown, bool gone) =>
        events.Write("item", json => ResourceWriter.Write(json, Kind, revision, shown, gone));

    private sealed record Scope(TenantId? Tenant, ListFilter Filter, Revision? From, Shown Shown);
}
