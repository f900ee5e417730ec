using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Strata.Core;
using Strata.Identity.People;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Links;

/// <summary>A link that was opened.</summary>
/// <param name="Person">As they are now.</param>
/// <param name="Email">The address that it was sent to.</param>
internal sealed record OpenedLink(PersonResource Person, string Email);

/// <summary>
/// Secrets of links that are mailed. Nothing is kept of them, so asking for one changes nothing: what a link says is sealed, with its end,
/// the person's address and the time of their password, so with a new password each is used up. Safe for concurrent use.
/// </summary>
internal sealed class SealedLinks(SealedSecrets secrets, PersonStore people, TimeProvider time)
{
    /// <summary>Of a link that sets a password.</summary>
    public const string Password = "password";

    /// <summary>Of a link that shows that an address is theirs.</summary>
    public const string Verification = "verification";

    public static readonly TimeSpan PasswordLifetime = TimeSpan.FromHours(1);
    public static readonly TimeSpan VerificationLifetime = TimeSpan.FromDays(1);

    private const string Prefix = "stl_";
    private const string Context = "link/";

    /// <summary>An address of the greatest length is in it twice, and base64 is put around it twice.</summary>
    private const int LengthMax = 2000;

    public string Make(string purpose, PersonResource person, string email, DateTimeOffset end)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{end.ToUnixTimeSeconds()} {person.Id} {StampOf(person)} {email}");
        return Prefix + Base64Url.EncodeToString(Encoding.ASCII.GetBytes(secrets.Seal(text, Context + purpose)));
    }

    /// <returns>Null: it is not one of ours, has ended, or was used.</returns>
    public async ValueTask<OpenedLink?> OpenAsync(string purpose, string? link, CancellationToken cancellationToken)
    {
        if (link is null || link.Length > LengthMax || !link.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        if (!Base64Url.IsValid(link.AsSpan(Prefix.Length))) return null;
        var box = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(link.AsSpan(Prefix.Length)));
        if (secrets.Open(box, Context + purpose)?.Split(' ') is not [var end, var id, var stamp, var email]) return null;
        if (time.GetUtcNow().ToUnixTimeSeconds() >= long.Parse(end, CultureInfo.InvariantCulture)) return null;
        return PersonKind.Kind.TryParseId(id, out var entity) && await people.FindAsync(entity, cancellationToken) is { } person
            && PersonStore.IsAdmitted(person) && stamp == StampOf(person) ? new OpenedLink(person, email) : null;
    }

    /// <summary>With another address too, links that were made before are void: none brings the former one back.</summary>
    private static string StampOf(PersonResource person) =>
        string.Create(CultureInfo.InvariantCulture, $"{person.Status.PasswordSetAt?.UtcTicks ?? 0}/{person.Spec.Email}");
}
