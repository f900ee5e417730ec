using Microsoft.Extensions.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Clients;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Resources.Feed;

namespace Strata.Identity.Authentication;

/// <summary>Lets everything that remembers clients, keys or providers forget them when any server has changed one, as the change feed tells.</summary>
internal sealed class IdentityChanges(ChangeFeed feed, JwtAuthenticator authenticator, SigningKeys keys, ProviderStore providers, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly HashSet<string> Models =
        [ClientKind.Kind.Model.Name, KeyPairKind.Kind.Model.Name, TrustedKeyKind.Kind.Model.Name, ProviderKind.Kind.Model.Name];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var follower = await feed.FollowAsync(new FeedFilter(Models: Models), stoppingToken);
        while (true)
        {
            try
            {
                if ((await follower.NextAsync(ListenFor, stoppingToken)).Any()) Forget();
            }
            catch (StrataException)
            {
                await Task.Delay(Pause, time, stoppingToken); // the store is away; what is remembered ends by itself
            }
        }
    }

    private void Forget()
    {
        keys.Invalidate();
        providers.Invalidate();
        authenticator.Invalidate();
    }
}
