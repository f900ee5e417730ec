using Strata.Api.Auth.CustomRoles;
using Strata.Core;
using Strata.Core.Background;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// Makes the authenticator forget tokens that any server has changed or revoked, and those of an organization that has
/// changed or of which a role has, by following the change feed.
/// </summary>
internal sealed class TokenRevocations(ChangeFeed feed, TokenAuthenticator authenticator, TimeProvider time, Supervisor supervisor)
    : SupervisedService(supervisor, "token-revocations")
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private static readonly HashSet<string> Models =
        [TokenKind.Kind.Model.Name, RoleKind.Kind.Model.Name, OrganizationKind.Kind.Model.Name];

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var follower = await feed.FollowAsync(new FeedFilter(Models: Models), stoppingToken);
        authenticator.Invalidate(); // after a restart: what was revoked since the last run went by unseen
        while (true)
        {
            try
            {
                foreach (var change in await follower.NextAsync(ListenFor, stoppingToken))
                {
                    if (change.Model == TokenKind.Kind.Model) authenticator.Invalidate(change.Tenant, change.Id);
                    else if (change.Model == RoleKind.Kind.Model) authenticator.Invalidate(change.Tenant); // any of its tokens may hold it
                    else authenticator.Invalidate(new TenantId(change.Id.Value)); // none of the organization's tokens may be remembered
                }
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
