using Microsoft.Extensions.Hosting;
using Strata.Core;
using Strata.Resources.Feed;

namespace Strata.Api.Auth.Tokens;

/// <summary>Lets the authenticator forget tokens that any server has changed or revoked, as the change feed tells.</summary>
internal sealed class TokenRevocations(ChangeFeed feed, TokenAuthenticator authenticator, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var follower = await feed.FollowAsync(new FeedFilter(Models: new HashSet<string> { TokenKind.Kind.Model.Name }), stoppingToken);
        while (true)
        {
            try
            {
                foreach (var change in await follower.NextAsync(ListenFor, stoppingToken)) authenticator.Invalidate(change.Id);
            }
            catch (StrataException)
            {
                await Task.Delay(Pause, time, stoppingToken); // the store is away; the authenticator's own time bounds what is missed
            }
        }
    }
}
