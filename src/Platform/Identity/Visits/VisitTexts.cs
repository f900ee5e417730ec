using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Strata.Core;
using Strata.Identity.People;
using Strata.Identity.Sessions;

namespace Strata.Identity.Visits;

/// <summary>What was promised to a browser: that this person, in this session, visits this resource.</summary>
/// <param name="Session">The sign-in at the cloud, with which the visit ends.</param>
internal sealed record Visit(string Person, string Session, string Resource);

/// <summary>
/// The texts that browsers carry from the cloud to an edge (a code, for a minute) and show at each request to it (a visit). Nothing is kept
/// of them: what they say is sealed, with its end. Safe for concurrent use.
/// </summary>
internal sealed class VisitTexts(SealedSecrets secrets, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private const string CodePrefix = "stc_";
    private const string VisitPrefix = "stv_";
    private const string CodeContext = "visit code";
    private const string VisitContext = "visit";
    private const int LengthMax = 1500;

    private static readonly TimeSpan CodeLifetime = TimeSpan.FromMinutes(1);

    /// <param name="state">Of the browser that asks: the code is good in no other.</param>
    public string MakeCode(Visit visit, string state) =>
        Seal(CodePrefix, CodeContext, CodeLifetime, $"{state} {SecretText.NewSecret()} {visit.Person} {visit.Session} {visit.Resource}");

    /// <returns>Null: it is none of ours, has ended, or is another browser's.</returns>
    public (Visit Visit, string Nonce)? OpenCode(string? code, string state) =>
        Open(CodePrefix, CodeContext, code) is (_, [var of, var nonce, var person, var session, var resource]) && of == state
            ? (new Visit(person, session, resource), nonce) : null;

    public (string Text, DateTimeOffset ExpiresAt) MakeVisit(Visit visit) =>
        (Seal(VisitPrefix, VisitContext, Lifetime, $"{visit.Person} {visit.Session} {visit.Resource}"), time.GetUtcNow() + Lifetime);

    /// <returns>Null: it is none of ours, or has ended.</returns>
    public (Visit Visit, DateTimeOffset ExpiresAt)? OpenVisit(string? text) =>
        Open(VisitPrefix, VisitContext, text) is (var end, [var person, var session, var resource])
            ? (new Visit(person, session, resource), end) : null;

    private string Seal(string prefix, string context, TimeSpan lifetime, string said)
    {
        var end = (time.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        var box = secrets.Seal(string.Create(CultureInfo.InvariantCulture, $"{end} {said}"), context);
        return prefix + Base64Url.EncodeToString(Encoding.ASCII.GetBytes(box));
    }

    private (DateTimeOffset End, string[] Said)? Open(string prefix, string context, string? text)
    {
        if (text is null || text.Length > LengthMax || !text.StartsWith(prefix, StringComparison.Ordinal)) return null;
        if (!Base64Url.IsValid(text.AsSpan(prefix.Length))) return null;
        var box = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text.AsSpan(prefix.Length)));
        if (secrets.Open(box, context)?.Split(' ') is not [var end, .. var said]) return null;
        var until = DateTimeOffset.FromUnixTimeSeconds(long.Parse(end, CultureInfo.InvariantCulture));
        return time.GetUtcNow() < until ? (until, said) : null;
    }
}
