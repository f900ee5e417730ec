using Strata.Core.Background;
using Strata.Resources.Background;
using Strata.Resources.Feed;

namespace Strata.Api.Auth.Tokens;

/// <summary>Makes the authenticator forget tokens that any server has changed or revoked, by following the change feed.</summary>
internal sealed class TokenRevocations(ChangeFeed feed, TokenAuthenticator authenticator, TimeProvider time, Supervisor supervisor)
    : SupervisedService(supervisor, "token-revocations")
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var follower = await feed.FollowAsync(new FeedFilter(Models: new HashSet<string> { TokenKind.Kind.Model.Name }), stoppingToken);
        authenticator.Invalidate(); // after a restart: what was revoked since the last run went by unseen
        while (true)
        {
            try
            {
                foreach (var change in await follower.NextAsync(ListenFor, stoppingToken)) authenticator.Invalidate(change.Id);
                work.Succeeded();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e); // the follower misses nothing; meanwhile the authenticator's own time bounds how long a token lives on
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }
}
