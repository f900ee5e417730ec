namespace Strata.Server.Options;

/// <summary>Text as one word of a shell's command line.</summary>
public static class ShellWord
{
    private const string Plain = "-_./:,=@+%";

    public static string Of(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c, StringComparison.Ordinal))
            ? text : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
