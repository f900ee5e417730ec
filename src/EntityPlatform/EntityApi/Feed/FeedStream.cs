using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Feed;

namespace Strata.EntityApi.Feed;

/// <summary>What one stream of changes sends.</summary>
/// <param name="From">What is behind it.</param>
/// <param name="Until">Where it ends; null: it follows.</param>
internal sealed record FeedRequest(TenantId Tenant, ModelFilter Models, Revision From, Revision? Until);

/// <summary>
/// One client that follows. It gets whole commits in order and the position to resume from; what it does not read in time waits in the log
/// and not here. A heartbeat every 10 s. It ends with the server, or when its token is no longer good.
/// </summary>
internal sealed class FeedStream(
    HttpContext http, FeedRequest request, bool asEvents, ChangeFeed feed, StreamAccess access, TimeProvider time,
    IHostApplicationLifetime lifetime) : IDisposable
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    /// <summary>Short, because the position also moves on where nothing is wanted, and nothing comes then.</summary>
    private static readonly TimeSpan ReadPatience = TimeSpan.FromMilliseconds(50);

    private readonly FeedWriter writer = new(http, asEvents);
    private long lastPing = time.GetTimestamp();

    public async Task RunAsync()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            using var follower = await feed.FollowAsync(request.Tenant, request.From, request.Models, ending.Token);
            await writer.BeginAsync();
            if (request.Until is null) await FollowAsync(follower, ending.Token);
            else await ReadAsync(follower, request.Until.Value, ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The client resumes with another server.
        }
    }

    public void Dispose() => writer.Dispose();

    private async Task FollowAsync(FeedFollower follower, CancellationToken cancellationToken)
    {
        writer.WritePing(follower.Reached);
        await writer.FlushAsync(cancellationToken);
        while (true)
        {
            var changes = await follower.NextAsync(PingEvery, cancellationToken);
            await WriteAsync(changes, cancellationToken);
            if (!await PingAsync(changes.Count == 0, follower.Reached, cancellationToken)) return;
            await writer.FlushAsync(cancellationToken);
        }
    }

    private async Task ReadAsync(FeedFollower follower, Revision until, CancellationToken cancellationToken)
    {
        while (follower.Reached < until)
        {
            await WriteAsync(await follower.NextAsync(ReadPatience, cancellationToken), cancellationToken);
            await writer.FlushAsync(cancellationToken);
            if (!await PingAsync(false, follower.Reached, cancellationToken)) return;
        }
        writer.WritePing(follower.Reached, isEnd: true);
        await writer.FlushAsync(cancellationToken);
    }

    private async Task WriteAsync(IReadOnlyList<EntityRevision> changes, CancellationToken cancellationToken)
    {
        for (var i = 0; i < changes.Count; i++)
        {
            var endsCommit = i + 1 == changes.Count || changes[i + 1].Revision != changes[i].Revision;
            writer.Write(changes[i], endsCommit);
            if (writer.IsFull) await writer.FlushAsync(cancellationToken);
        }
    }

    /// <returns>False when the token is no longer good.</returns>
    private async ValueTask<bool> PingAsync(bool isIdle, Revision position, CancellationToken cancellationToken)
    {
        if (!isIdle && time.GetElapsedTime(lastPing) < PingEvery) return true;
        if (!await access.IsStillGoodAsync(http, FeedEndpoints.Permission, cancellationToken)) return false;
        writer.WritePing(position);
        lastPing = time.GetTimestamp();
        return true;
    }
}
