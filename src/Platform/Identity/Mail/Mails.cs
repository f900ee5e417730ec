using System.Globalization;

namespace Strata.Identity.Mail;

/// <summary>A mail as it is written.</summary>
/// <param name="Kind">For logs and metrics, which never have the rest.</param>
/// <param name="Until">When it is of no use any more, because its link is not; null: a day after it was written.</param>
internal sealed record OutgoingMail(string Kind, string To, string Subject, string Text, DateTimeOffset? Until = null)
{
    private const int SubjectLengthMax = 200;

    /// <summary>Whether it can be sent: what is in its head has one line, so that nothing else can be written there.</summary>
    public bool IsSound =>
        People.EmailAddress.IsNormal(To) && Subject.Length is > 0 and <= SubjectLengthMax && !Subject.Any(char.IsControl);
}

/// <summary>The texts of mails: plain, short, each with what it is about and what to do if it comes as a surprise.</summary>
internal static class Mails
{
    public const string PasswordKind = "password";
    private const string NotYou = "If it was not you, sign in, set a new password, and end what you do not know:";

    public static OutgoingMail Invitation(
        string to, string organization, IEnumerable<string> roles, string link, DateTimeOffset? until) => new(
        "invitation", to, $"You are invited to {organization}",
        $"""
        You are invited to the organization {organization} as {string.Join(", ", roles)}.

        Accept here; the link works once{Until(until)}:
        {link}

        If you do not know what this is about, ignore it: nothing happens.
        """, until);

    public static OutgoingMail Password(string to, string link, DateTimeOffset until) => new(
        PasswordKind, to, "Set a new password",
        $"""
        Someone, probably you, has asked to set a new password for this address.

        Set it here; the link works once, for an hour:
        {link}

        If it was not you, ignore this: your password stays as it is.
        """, until);

    public static OutgoingMail Verification(string to, string link, DateTimeOffset until) => new(
        "verification", to, "Confirm your e-mail address",
        $"""
        Confirm that this address is yours; the link works for a day:
        {link}

        If you have not asked for this, ignore it: nothing happens.
        """, until);

    /// <param name="what">A sentence.</param>
    public static OutgoingMail Notice(string to, string what, DateTimeOffset at, string? from, string account) => new(
        "notice", to, "A change of your account",
        $"""
        {what}
        At {at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC{(from is null ? "" : $", from {from}")}.

        {NotYou}
        {account}
        """);

    private static string Until(DateTimeOffset? until) =>
        until is { } end ? $", until {end.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}" : "";
}
