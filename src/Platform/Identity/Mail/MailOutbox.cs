using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.Mail;

/// <summary>A mail that waits, sealed: it may have a link that opens something.</summary>
internal sealed record WaitingMail
{
    public required string Kind { get; init; }

    /// <summary>An <see cref="OutgoingMail"/>; of <see cref="MailOutbox.AskedKind"/> the address that was entered.</summary>
    public required string Sealed { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From then on it is not sent any more.</summary>
    public required DateTimeOffset Until { get; init; }

    public required DateTimeOffset NextAt { get; init; }
    public int Attempts { get; init; }
}

/// <summary>
/// Mails on their way: kept until the mail server has taken them, so that no request waits for it and none is lost by a restart. Bounded;
/// what finds no place is dropped, and counted. Safe for concurrent use, also by several servers.
/// </summary>
internal sealed partial class MailOutbox(
    IDurableValues values, SealedSecrets secrets, MailMetrics metrics, IdentityOptions options, TimeProvider time, ILogger<MailOutbox> log)
    : IDisposable
{
    /// <summary>Of what is no mail yet: someone has asked for a new password.</summary>
    public const string AskedKind = "password-asked";

    /// <summary>How long a mail is tried.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);

    private const string Folder = "mail/";
    private const string Context = "mail/";
    private const int Max = 10_000;
    private const int PageSize = 100;

    private readonly SemaphoreSlim added = new(0, 1);
    private int roughCount;

    /// <summary>Whether there is a mail server; without one nothing is kept.</summary>
    public bool IsOn => options.Mail is not null;

    /// <returns>False: there is no mail server, no place, or it cannot be kept now. The caller has done its part all the
    /// same.</returns>
    public async ValueTask<bool> TryAddAsync(OutgoingMail mail, CancellationToken cancellationToken)
    {
        if (!mail.IsSound)
        {
            metrics.Count(mail.Kind, MailMetrics.Dropped);
            LogUnsound(mail.Kind);
            return false;
        }
        return await TryAddAsync(mail.Kind, JsonSerializer.Serialize(mail, WireJson.Of<OutgoingMail>()), mail.Until, cancellationToken);
    }

    /// <summary>
    /// Notes that someone has asked for a new password. Whether anyone has the address is found out later, so that it shows in nothing
    /// here, nor in how long it takes.
    /// </summary>
    public ValueTask<bool> TryAskPasswordAsync(string email, CancellationToken cancellationToken) =>
        TryAddAsync(AskedKind, email, null, cancellationToken);

    private async ValueTask<bool> TryAddAsync(string kind, string text, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        if (!IsOn) return false;
        if (Interlocked.Increment(ref roughCount) > Max)
        {
            Interlocked.Decrement(ref roughCount);
            metrics.Count(kind, MailMetrics.Dropped);
            LogFull(kind);
            return false;
        }
        var now = time.GetUtcNow();
        var end = until < now + KeptFor ? until.Value : now + KeptFor;
        try
        {
            await KeepAsync($"{Folder}{Guid.CreateVersion7(now):n}", new WaitingMail
            {
                Kind = kind, Sealed = secrets.Seal(text, Context + kind), CreatedAt = now, Until = end, NextAt = now,
            }, null, cancellationToken);
        }
        catch (StrataException e)
        {
            metrics.Count(kind, MailMetrics.Dropped);
            LogNotKept(kind, e.Error.Code);
            return false;
        }
        Wake();
        return true;
    }

    /// <returns>False: the lease has gone to another server.</returns>
    public ValueTask<bool> KeepAsync(string name, WaitingMail mail, Fence? fence, CancellationToken cancellationToken) => values.WriteAsync(
        TenantId.Platform, name, JsonText.From(mail, WireJson.Of<WaitingMail>()), fence, cancellationToken);

    public async ValueTask RemoveAsync(string name, Fence fence, CancellationToken cancellationToken)
    {
        if (await values.DeleteAsync(TenantId.Platform, name, fence, cancellationToken)) Interlocked.Decrement(ref roughCount);
    }

    /// <summary>All that wait, oldest first.</summary>
    public async ValueTask<IReadOnlyList<(string Name, WaitingMail Mail)>> AllAsync(CancellationToken cancellationToken)
    {
        var found = new List<(string, WaitingMail)>();
        string? after = null;
        while (await values.ListAsync(TenantId.Platform, Folder, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            found.AddRange(page.Select(v => (v.Name, v.Value.To(WireJson.Of<WaitingMail>()))));
            after = page[^1].Name;
        }
        Interlocked.Exchange(ref roughCount, found.Count);
        metrics.Waiting(found.Count);
        return found;
    }

    /// <returns>Null: it was sealed under another key.</returns>
    public string? TextOf(WaitingMail mail) => secrets.Open(mail.Sealed, Context + mail.Kind);

    public static OutgoingMail? Read(string text) => JsonSerializer.Deserialize(text, WireJson.Of<OutgoingMail>());

    /// <summary>Until something is added here, or a while has passed.</summary>
    public async ValueTask WaitAsync(TimeSpan max, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var woken = added.WaitAsync(stop.Token);
        await Task.WhenAny(woken, Task.Delay(max, time, stop.Token));
        await stop.CancelAsync();
        await ((Task)woken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => added.Dispose();

    private void Wake()
    {
        try
        {
            added.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A mail ({Kind}) was not kept: too many are waiting.")]
    private partial void LogFull(string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A mail ({Kind}) was not kept: {Code}")]
    private partial void LogNotKept(string kind, string code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A mail ({Kind}) was not kept: its address or its subject is not one line of text.")]
    private partial void LogUnsound(string kind);
}
