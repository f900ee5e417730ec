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
/// Writes down when a token was last used: once a day for each, so that its history tells days of use and does not grow with requests.
/// Beside the requests, one after the other. Those that find the queue full are noted with a later request. Safe for concurrent use.
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
        while (await queue.Reader.WaitToReadAsync(stoppingToken))
        {
            while (queue.Reader.TryPeek(out var used))
            {
                try
                {
                    await WriteAsync(used.Tenant, used.Token, stoppingToken);
                    queue.Reader.TryRead(out _);
                    work.Succeeded();
                }
                catch (StrataException e) when (e.Error.Retryable)
                {
                    work.Failed(e);
                    await Task.Delay(Pause, time, stoppingToken);
                }
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

    private bool IsDue(TokenResource token) => token.Spec is { Actor: null, Node: null }
        && (token.Status.LastUsedAt is not { } last || last.UtcDateTime.Date < time.GetUtcNow().UtcDateTime.Date);
}
