using System.Globalization;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Webhooks;

/// <summary>The position up to which everything was delivered to a webhook or became a dead letter.</summary>
internal sealed record WebhookPosition(long Revision);

/// <summary>How the last try failed; a missing one succeeded.</summary>
internal sealed record WebhookTrouble(string Error, int Attempts, DateTimeOffset At, DateTimeOffset? NextTryAt);

/// <summary>Changes that were not taken in all tries.</summary>
/// <param name="After">They are behind this revision …</param>
/// <param name="Through">… and reach up to this one.</param>
/// <param name="Replay">To be sent again.</param>
internal sealed record DeadLetter(long After, long Through, string Error, int Attempts, DateTimeOffset At, bool Replay);

/// <summary>What is stored for one webhook besides its resource.</summary>
internal sealed class WebhookProgress(IDurableValues durable, TenantId tenant, EntityId webhook, Fence? fence = null)
{
    public const int DeadLettersMax = 1_000;

    private readonly string root = $"webhook/{webhook}/";

    public async ValueTask<Revision?> PositionAsync(CancellationToken cancellationToken) =>
        await ReadAsync<WebhookPosition>("position", cancellationToken) is { } position ? new Revision(position.Revision) : null;

    public ValueTask MoveAsync(Revision position, CancellationToken cancellationToken) =>
        WriteAsync("position", new WebhookPosition(position.Value), cancellationToken);

    public ValueTask<WebhookTrouble?> TroubleAsync(CancellationToken cancellationToken) =>
        ReadAsync<WebhookTrouble>("trouble", cancellationToken);

    public ValueTask SetTroubleAsync(WebhookTrouble? trouble, CancellationToken cancellationToken) =>
        trouble is null ? durable.DeleteAsync(tenant, root + "trouble", cancellationToken)
            : WriteAsync("trouble", trouble, cancellationToken);

    public ValueTask BuryAsync(DeadLetter letter, CancellationToken cancellationToken) =>
        WriteAsync(NameOf(letter.Through), letter, cancellationToken);

    public ValueTask ForgetAsync(DeadLetter letter, CancellationToken cancellationToken) =>
        durable.DeleteAsync(tenant, root + NameOf(letter.Through), cancellationToken);

    public ValueTask ForgetLettersAsync(CancellationToken cancellationToken) =>
        durable.DeleteAsync(tenant, root + "dead/", cancellationToken);

    public ValueTask ForgetAllAsync(CancellationToken cancellationToken) => durable.DeleteAsync(tenant, root, cancellationToken);

    public async ValueTask<IReadOnlyList<DeadLetter>> LettersAsync(long after, int limit, CancellationToken cancellationToken) =>
        [.. (await durable.ListAsync(tenant, root + "dead/", root + NameOf(after), limit, cancellationToken))
            .Select(m => m.Value.To(WireJson.Of<DeadLetter>()))];

    private static string NameOf(long through) => "dead/" + through.ToString("D19", CultureInfo.InvariantCulture);

    private async ValueTask<T?> ReadAsync<T>(string name, CancellationToken cancellationToken) where T : class =>
        await durable.ReadAsync(tenant, root + name, cancellationToken) is { } value ? value.To(WireJson.Of<T>()) : null;

    /// <summary>Throws if another server has taken the webhooks over: its progress must not be overwritten.</summary>
    private async ValueTask WriteAsync<T>(string name, T value, CancellationToken cancellationToken)
    {
        if (!await durable.WriteAsync(tenant, root + name, JsonText.From(value, WireJson.Of<T>()), fence, cancellationToken))
            throw new OperationCanceledException("Another server delivers the webhooks now.");
    }
}
