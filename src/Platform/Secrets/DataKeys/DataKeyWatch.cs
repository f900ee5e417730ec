using Strata.Core;
using Strata.Core.Background;
using Strata.Resources.Background;
using Strata.Resources.Feed;

namespace Strata.Secrets.DataKeys;

/// <summary>Has this server learn of data keys that another one makes or destroys, by following the change feed.</summary>
internal sealed class DataKeyWatch(ChangeFeed feed, CloudKeys keys, Supervisor supervisor) : SupervisedService(supervisor, "data-keys")
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        var filter = new FeedFilter(Models: new HashSet<string> { DataKeyKind.Kind.Model.Name });
        using var follower = await feed.FollowAsync(filter, stoppingToken);
        await keys.ReloadAsync(stoppingToken); // what changed before it followed
        while (true)
        {
            if ((await follower.NextAsync(ListenFor, stoppingToken)).Count > 0) await keys.ReloadAsync(stoppingToken);
            work.Succeeded();
        }
    }
}
