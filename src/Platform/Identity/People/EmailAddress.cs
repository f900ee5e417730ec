namespace Strata.Identity.People;

/// <summary>Addresses of e-mail, as people are known by them.</summary>
internal static class EmailAddress
{
    public const int LengthMax = 254;

    /// <summary>In small letters, without spaces around; null where it is no address.</summary>
    public static string? Normal(string? text)
    {
        if (text?.Trim().ToLowerInvariant() is not { Length: > 2 and <= LengthMax } email) return null;
        var at = email.IndexOf('@', StringComparison.Ordinal);
        var isWhole = at > 0 && at < email.Length - 1 && email.IndexOf('@', at + 1) < 0;
        return isWhole && email.All(c => c is > ' ' and <= '~' and not ('"' or '<' or '>' or ',' or ';' or '\\')) ? email : null;
    }

    public static bool IsNormal(string email) => Normal(email) == email;

    /// <summary>A name for a person with this address: its part before the "@", as far as a name can have it.</summary>
    public static string NameOf(string email)
    {
        var name = string.Concat(email[..email.IndexOf('@', StringComparison.Ordinal)]
            .Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        name = string.Join('-', name.Split('-', StringSplitOptions.RemoveEmptyEntries));
        if (name.Length == 0 || !char.IsAsciiLetterLower(name[0])) name = "person-" + name;
        return name[..Math.Min(name.Length, NameLengthMax)].TrimEnd('-');
    }

    private const int NameLengthMax = 40;
}
