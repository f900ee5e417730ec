namespace Strata.Core;

/// <summary>
/// The variables that a program started by the server gets of the server's own. All others stay out: they may hold keys and tokens, such as
/// <c>STRATA_POSTGRES_URL</c> or <c>AWS_SECRET_ACCESS_KEY</c>, and everyone who takes over the program could read them.
/// </summary>
public static class ChildEnvironment
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TZDIR", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    };

    /// <summary>Of the locale, and of the .NET runtime for a child that is this program.</summary>
    private static readonly string[] Prefixes = ["LC_", "DOTNET_"];

    /// <summary>Removes what is not on the list from the variables that a child would inherit.</summary>
    /// <param name="also">Prefixes of what this child needs beyond it.</param>
    public static void Restrict(IDictionary<string, string?> environment, params string[] also)
    {
        foreach (var name in environment.Keys.Where(
            n => !Names.Contains(n) && !Prefixes.Concat(also).Any(p => n.StartsWith(p, StringComparison.Ordinal))).ToList())
            environment.Remove(name);
    }
}
