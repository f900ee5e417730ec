using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Resources.Feed;

namespace Strata.EntityApi.Webhooks;

/// <summary>What every loop works with.</summary>
internal sealed record WebhookParts(ChangeFeed Feed, IEntityLog Log, IDurableValues DurableValues, SealedSecrets Secrets,
    WebhookSender Sender, WebhookOptions Options, TimeProvider Time);

/// <summary>
/// Delivers the changes of one webhook in order, each batch until it is accepted or has become a dead letter. Requested replays go first.
/// When restarted, it continues after what was accepted: at least once.
/// </summary>
internal sealed class WebhookLoop(
    WebhookParts parts, TenantId tenant, EntityId id, Resource<WebhookSpec, WebhookStatus> webhook, Fence? fence)
{
    private const double Spread = 0.2;
    private const int PageMax = 500;
    private static readonly TimeSpan ListenFor = TimeSpan.FromMinutes(1);

    /// <summary>So far the position may lag behind where nothing was wanted.</summary>
    private const long LagMax = 10_000;

    private readonly WebhookProgress progress = new(parts.DurableValues, tenant, id, fence);
    private readonly ModelFilter models = WebhookKind.FilterOf(webhook.Spec);
    private bool isInTrouble = true; // as far as is known; the first success clears what is written

    public async Task RunAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        if (webhook.Status.Secret is not { } text || parts.Secrets.Open(text, WebhookEndpoints.ContextOf(id)) is not { } secret)
        {
            await TellAsync("The secret cannot be decrypted with this cloud's key: make a new one.", 0, null, cancellationToken);
            return;
        }
        await ReplayAsync(secret, cancellationToken);
        var position = await progress.PositionAsync(cancellationToken) ?? new Revision(webhook.Status.From ?? 0);
        using var follower = await parts.Feed.FollowAsync(tenant, position, models, cancellationToken);
        work.Succeeded();
        while (true)
        {
            var changes = await follower.NextAsync(ListenFor, cancellationToken);
            foreach (var batch in WebhookBatch.Split(webhook.Id, position, changes)) await DeliverAsync(secret, batch, cancellationToken);
            if (changes.Count == 0 && follower.Reached.Value - position.Value < LagMax) continue;
            position = follower.Reached;
            await progress.MoveAsync(position, cancellationToken);
        }
    }

    private async Task DeliverAsync(string secret, WebhookBatch batch, CancellationToken cancellationToken)
    {
        var delivery = Guid.CreateVersion7(parts.Time.GetUtcNow());
        for (var attempt = 1; ; attempt++)
        {
            if (await parts.Sender.SendAsync(webhook.Spec.Url, secret, delivery, batch.Body, cancellationToken) is not { } error) break;
            var pause = PauseAfter(attempt, Random.Shared.NextDouble());
            var isLast = attempt >= webhook.Spec.Attempts;
            await TellAsync(error, attempt, isLast ? null : parts.Time.GetUtcNow() + pause, cancellationToken);
            if (isLast && await TryBuryAsync(batch, error, attempt, cancellationToken)) return;
            await Task.Delay(pause, parts.Time, cancellationToken);
        }
        if (isInTrouble) await progress.SetTroubleAsync(null, cancellationToken);
        isInTrouble = false;
    }

    /// <returns>False while there are as many as there may be: then nothing moves on, so that nothing is lost.</returns>
    private async Task<bool> TryBuryAsync(WebhookBatch batch, string error, int attempts, CancellationToken cancellationToken)
    {
        if ((await progress.LettersAsync(0, WebhookProgress.DeadLettersMax, cancellationToken)).Count >= WebhookProgress.DeadLettersMax)
            return false;
        await progress.BuryAsync(
            new DeadLetter(batch.After.Value, batch.Through.Value, error, attempts, parts.Time.GetUtcNow(), Replay: false),
            cancellationToken);
        return true;
    }

    private async Task ReplayAsync(string secret, CancellationToken cancellationToken)
    {
        var letters = await progress.LettersAsync(0, WebhookProgress.DeadLettersMax, cancellationToken);
        foreach (var letter in letters.Where(l => l.Replay))
        {
            if (await ReplayAsync(secret, letter, cancellationToken) is not { } error)
                await progress.ForgetAsync(letter, cancellationToken);
            else await progress.BuryAsync(
                letter with { Replay = false, Error = error, Attempts = letter.Attempts + 1, At = parts.Time.GetUtcNow() },
                cancellationToken);
        }
    }

    /// <summary>One try for each batch of it, so that what is new does not wait for long.</summary>
    private async Task<string?> ReplayAsync(string secret, DeadLetter letter, CancellationToken cancellationToken)
    {
        for (var after = new Revision(letter.After); after.Value < letter.Through;)
        {
            var follow = new Follow { Tenant = tenant, After = after, Limit = PageMax, Models = models };
            var page = await parts.Log.FollowAsync(follow, cancellationToken);
            var changes = page.Changes.Where(c => c.Revision.Value <= letter.Through).ToList();
            foreach (var batch in WebhookBatch.Split(webhook.Id, after, changes))
            {
                var delivery = Guid.CreateVersion7(parts.Time.GetUtcNow());
                if (await parts.Sender.SendAsync(webhook.Spec.Url, secret, delivery, batch.Body, cancellationToken) is { } error)
                    return error;
            }
            if (page.Position <= after) break;
            after = page.Position;
        }
        return null;
    }

    private ValueTask TellAsync(string error, int attempts, DateTimeOffset? nextTryAt, CancellationToken cancellationToken)
    {
        isInTrouble = true;
        return progress.SetTroubleAsync(new WebhookTrouble(error, attempts, parts.Time.GetUtcNow(), nextTryAt), cancellationToken);
    }

    private TimeSpan PauseAfter(int failures, double random) =>
        new ExponentialBackOff(parts.Options.FirstPause, parts.Options.LongestPause, Spread).After(failures, random);
}
