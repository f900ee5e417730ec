using System.Threading.Channels;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Resources.Background;
using Strata.Resources.Kinds;
using TokenResource = Strata.Core.Resource<Strata.Contracts.TokenSpec, Strata.Contracts.TokenStatus>;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// Writes down when a token was last used: once a day for each, so that its history shows days of use and does not grow with requests.
/// Beside the requests, one after the other. What finds the queue full, or fails, is noted with a later request. Safe for concurrent use.
/// </summary>
public sealed class TokenUses(ResourceStore<TokenSpec, TokenStatus> tokens, TimeProvider time, Supervisor supervisor)
    : SupervisedService(supervisor, "token-uses")
{
    private const int QueueMax = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Channel<(TenantId Tenant, string Token)> queue =
        Channel.CreateBounded<(TenantId, string)>(new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Note(TenantId tenant, TokenResource token)
    {
        if (IsDue(token)) queue.Writer.TryWrite((tenant, token.Id));
    }

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        await foreach (var (tenant, token) in queue.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await WriteAsync(tenant, token, stoppingToken);
                work.Succeeded();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e); // this one is noted with its next request
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    /// <summary>One that is gone, or that another server has written meanwhile, is left alone.</summary>
    private async Task WriteAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        var caller = new Caller(tenant, "system:token-uses");
        var found = await tokens.GetAsync(caller, id, AsOf.Latest, cancellationToken);
        if (!found.TryGet(out var token, out _) || !IsDue(token)) return;
        var now = time.GetUtcNow();
        await tokens.ChangeAsync(
            caller, id, current => current with { Status = current.Status with { LastUsedAt = now } }, null,
            new Revision(token.Revision), cancellationToken);
    }

    /// <summary>Those of the platform's own parts are used all the time.</summary>
    private bool IsDue(TokenResource token) => token.Spec.Node is null
        && (token.Spec.Actor is null || token.Spec.Actor.StartsWith("user:", StringComparison.Ordinal))
        && (token.Status.LastUsedAt is not { } last || last.UtcDateTime.Date < time.GetUtcNow().UtcDateTime.Date);
}
