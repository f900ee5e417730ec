using MailKit.Net.Smtp;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Links;
using Strata.Identity.People;
using Strata.Resources.Background;

namespace Strata.Identity.Mail;

/// <summary>
/// Sends what waits in the <see cref="MailOutbox"/>: one server at a time, under a lease. What fails is tried again with longer and longer
/// pauses, and given up after a day, or when its link is of no use any more. Shows as failing for as long as the last attempt has failed.
/// </summary>
internal sealed partial class MailSender(
    MailOutbox outbox, SmtpDelivery delivery, PersonStore people, SealedLinks links, ILeases leases, MailMetrics metrics,
    IdentityOptions options, Supervisor supervisor, TimeProvider time, ILogger<MailSender> log) : SupervisedService(supervisor, "mail")
{
    private const string LeaseName = "identity-mail";
    private const int PermanentMin = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Term = TimeSpan.FromSeconds(20);
    private static readonly ExponentialBackOff Retries = new(TimeSpan.FromSeconds(15), TimeSpan.FromHours(1), Spread: 0.2);

    private readonly string holder = HeldLease.NewHolder(time);
    private DateTimeOffset restUntil;

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        while (true)
        {
            await outbox.WaitAsync(outbox.IsOn ? Pause : TimeSpan.FromHours(1), stoppingToken);
            if (outbox.IsOn) await RunAsync(work, stoppingToken);
        }
    }

    /// <summary>Sends all that is due.</summary>
    /// <param name="work">Null: its health is not watched.</param>
    internal async Task RunAsync(SupervisedWork? work, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() < restUntil) return;
        var waiting = await outbox.AllAsync(cancellationToken);
        if (waiting.Count == 0) work?.Succeeded(); // what has failed was given up
        var due = waiting.Where(m => m.Mail.NextAt <= time.GetUtcNow()).ToList();
        if (due.Count == 0) return;
        await using var lease = await HeldLease.TryTakeAsync(leases, LeaseName, holder, Term, time, cancellationToken);
        if (lease is null) return;
        using var held = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        foreach (var (name, mail) in due)
        {
            if (await TrySendAsync(name, mail, lease.Fence, held.Token) is not { } failure) continue;
            restUntil = time.GetUtcNow() + (work?.Failed(failure) ?? TimeSpan.Zero); // also for those that are added meanwhile
            return; // the others would wait for the same server, each as long
        }
        work?.Succeeded();
    }

    /// <returns>Null: it has left the outbox.</returns>
    private async ValueTask<Exception?> TrySendAsync(string name, WaitingMail waiting, Fence fence, CancellationToken cancellationToken)
    {
        if (waiting.Until <= time.GetUtcNow())
        {
            metrics.Count(waiting.Kind, MailMetrics.GivenUp);
            LogGivenUp(waiting.Kind, waiting.Attempts);
            await outbox.RemoveAsync(name, fence, cancellationToken);
            return null;
        }
        try
        {
            if (outbox.TextOf(waiting) is { } text && await MailOf(waiting, text, cancellationToken) is { } mail)
            {
                await delivery.SendAsync(mail, cancellationToken);
                metrics.Count(waiting.Kind, MailMetrics.Sent);
            }
        }
        catch (SmtpCommandException e) when ((int)e.StatusCode >= PermanentMin && e.ErrorCode is SmtpErrorCode.RecipientNotAccepted
            or SmtpErrorCode.MessageNotAccepted)
        {
            metrics.Count(waiting.Kind, MailMetrics.Refused);
            LogRefused(waiting.Kind, (int)e.StatusCode);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            metrics.Count(waiting.Kind, MailMetrics.Failed);
            var attempts = waiting.Attempts + 1;
            var later = waiting with { Attempts = attempts, NextAt = time.GetUtcNow() + Retries.After(attempts) };
            await outbox.KeepAsync(name, later, fence, cancellationToken);
            return e;
        }
        await outbox.RemoveAsync(name, fence, cancellationToken);
        return null;
    }

    /// <summary>
    /// A link to an account goes to its confirmed address alone: one that someone mistyped is another person's, who would get the account.
    /// </summary>
    /// <returns>Null: nothing is to be sent, because no account has the address.</returns>
    private async ValueTask<OutgoingMail?> MailOf(WaitingMail waiting, string text, CancellationToken cancellationToken)
    {
        if (waiting.Kind != MailOutbox.AskedKind) return MailOutbox.Read(text);
        if (await people.FindByEmailAsync(text, cancellationToken) is not { } person || !PersonStore.IsAdmitted(person)
            || !PersonStore.HasVerifiedEmail(person)) return null;
        var end = time.GetUtcNow() + SealedLinks.PasswordLifetime;
        return Mails.Password(text, options.LinkTo("/password/" + links.Make(SealedLinks.Password, person, text, end)), end);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A mail ({Kind}) was given up after {Attempts} attempts.")]
    private partial void LogGivenUp(string kind, int attempts);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mail server does not take a mail ({Kind}): {Status}. It is not tried again.")]
    private partial void LogRefused(string kind, int status);
}
