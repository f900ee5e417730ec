namespace Strata.Cli.Developing;

/// <summary>A folder's name as a part of the names of tags, models, packages and tokens. Stateless.</summary>
internal static class MemberName
{
    /// <summary>Lower case letters, digits and dashes; <c>member</c> if nothing is left.</summary>
    public static string Of(string folder, int lengthMax)
    {
        var plain = new string([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)).ToLowerInvariant()
            .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        if (plain.Length > lengthMax) plain = plain[..lengthMax].Trim('-');
        return plain.Length > 0 ? plain : "member";
    }
}
