using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Identity.Links;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Mail;

/// <summary>What people are written about their account. Safe for concurrent use.</summary>
internal sealed class AccountNotices(
    MailOutbox outbox, SealedLinks links, RequestSource source, IdentityOptions options, TimeProvider time)
{
    private const int OfPersonMax = 10;

    /// <summary>Links that a person can have sent, so that no mailbox is filled from here.</summary>
    private readonly GuessLimit sent = new(OfPersonMax, TimeSpan.FromHours(1), time);

    /// <summary>Writes a person about a change that only they should have made.</summary>
    /// <param name="what">A sentence.</param>
    /// <param name="to">Null: their address.</param>
    public async ValueTask ChangedAsync(HttpContext http, PersonResource person, string what, string? to = null) =>
        await outbox.TryAddAsync(
            Mails.Notice(to ?? person.Spec.Email, what, time.GetUtcNow(), source.AddressOf(http), options.LinkTo("/account")),
            CancellationToken.None);

    /// <summary>Sends a link that shows that an address is theirs, and makes it their address.</summary>
    /// <returns>False: it cannot be sent, or too many were.</returns>
    public async ValueTask<bool> VerifyAsync(PersonResource person, string email, CancellationToken cancellationToken)
    {
        if (!outbox.IsOn || !sent.TryBegin(person.Id)) return false;
        var end = time.GetUtcNow() + SealedLinks.VerificationLifetime;
        var link = options.LinkTo("/verify/" + links.Make(SealedLinks.Verification, person, email, end));
        return await outbox.TryAddAsync(Mails.Verification(email, link, end), cancellationToken);
    }
}
