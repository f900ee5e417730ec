namespace Strata.Core;

/// <summary>
/// Which files of a static site are never served: source code that a server would run, settings, databases, keys, hidden files. One rule
/// for the build, which leaves them out of the image, and for the edge, which does not serve them from any image. Pure; safe for concurrent
/// use.
/// </summary>
public static class ServedFiles
{
    /// <summary>Annotation of an image that lists the patterns a site allows nevertheless, separated by spaces.</summary>
    public const string AllowedLabel = "dev.strata.serve";

    public const int PatternsMax = 50;

    private const string WellKnown = ".well-known";

    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "strata.yaml", "strata.yml", "strata.server.yaml", "Dockerfile", "Procfile", "docker-compose.yml", "docker-compose.yaml",
        "compose.yml", "compose.yaml",
        "composer.json", "composer.lock", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
    };

    private static readonly HashSet<string> Code = new(StringComparer.OrdinalIgnoreCase)
    {
        ".php", ".php3", ".php4", ".php5", ".php7", ".php8", ".phps", ".phtml", ".pht", ".phar", ".inc", ".py", ".pyc", ".pyo", ".wsgi",
        ".rb", ".erb", ".ru", ".pl", ".pm",
        ".cgi", ".fcgi", ".asp", ".aspx", ".ascx", ".ashx", ".asmx", ".asax", ".axd", ".cshtml", ".vbhtml", ".razor", ".jsp", ".jspx",
        ".jspf", ".cfm", ".cfc", ".cfml", ".lua", ".tcl",
    };

    private static readonly HashSet<string> Secret = new(StringComparer.OrdinalIgnoreCase)
    {
        ".env", ".sql", ".sqlite", ".sqlite3", ".mdb", ".htaccess", ".htpasswd", ".pem", ".pfx", ".p12", ".jks", ".keystore",
        ".config", ".ini",
    };

    private static readonly string[] BackupEndings = ["~", ".bak", ".backup", ".old", ".orig", ".save", ".swp", ".swo", ".tmp", ".dist"];

    /// <summary>Whether a file must not be served.</summary>
    /// <param name="path">Relative to the site's root, with "/".</param>
    /// <param name="allowed">Patterns of what the user allows: a file's path, or <c>*.ext</c> for a kind of file. Never allows hidden files
    /// or strata.yaml.</param>
    public static bool IsPrivate(string path, IReadOnlyCollection<string>? allowed = null)
    {
        foreach (var segment in path.AsSpan().Split('/'))
        {
            if (IsHidden(path.AsSpan(segment))) return true;
        }
        var name = WithoutBackupEnding(path[(path.LastIndexOf('/') + 1)..]);
        if (name.StartsWith("strata.", StringComparison.OrdinalIgnoreCase) && Names.Contains(name)) return true;
        if (!Names.Contains(name) && !IsPrivateKind(name)) return false;
        return allowed is null || !allowed.Any(x => Matches(x, path));
    }

    /// <summary>Whether a file is code that a PHP, ASP, JSP, CGI or ColdFusion server would run.</summary>
    public static bool IsPageCode(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".php" or ".phtml" or ".asp" or ".aspx" or ".jsp" or ".jspx" or ".cfm"
            or ".cgi" or ".cshtml";

    /// <summary>Whether a text is a pattern that <see cref="IsPrivate"/> understands.</summary>
    public static bool IsPattern(string pattern) =>
        pattern.Length is > 0 and <= 255 && !pattern.Any(x => char.IsWhiteSpace(x) || char.IsControl(x))
        && (pattern.StartsWith("*.", StringComparison.Ordinal)
            ? pattern.Length > 2 && !pattern.AsSpan(2).ContainsAny('*', '/') : !pattern.Contains('*') && !pattern.StartsWith('/'));

    private static bool IsHidden(ReadOnlySpan<char> segment) => segment.StartsWith(".") && segment is not ("." or WellKnown);

    private static bool IsPrivateKind(string name) =>
        Path.GetExtension(name) is { Length: > 0 } extension && (Code.Contains(extension) || Secret.Contains(extension));

    private static string WithoutBackupEnding(string name)
    {
        for (var tries = 0; tries < 3 && Array.Find(
            BackupEndings, x => name.EndsWith(x, StringComparison.OrdinalIgnoreCase)) is { } ending; tries++) name = name[..^ending.Length];
        return name;
    }

    private static bool Matches(string pattern, string path) => pattern.StartsWith("*.", StringComparison.Ordinal)
        ? path.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) : pattern.Equals(path, StringComparison.OrdinalIgnoreCase);
}
