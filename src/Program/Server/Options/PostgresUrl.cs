using System.Text;
using Npgsql;

namespace Strata.Server.Options;

/// <summary>
/// Reads <c>postgres://user:password@host:port/database?option=value</c>; anything else is taken for a connection string already.
/// </summary>
internal static class PostgresUrl
{
    public static string ToConnectionString(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("postgres" or "postgresql")) return text;
        var user = url.UserInfo.Split(':', 2);
        var parts = new StringBuilder($"Host={Quote(url.Host)};Port={(url.Port > 0 ? url.Port : 5432)}");
        if (url.AbsolutePath.Length > 1) parts.Append(";Database=").Append(Quote(Uri.UnescapeDataString(url.AbsolutePath[1..])));
        if (user[0].Length > 0) parts.Append(";Username=").Append(Quote(Uri.UnescapeDataString(user[0])));
        if (user.Length == 2) parts.Append(";Password=").Append(Quote(Uri.UnescapeDataString(user[1])));
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)))
        {
            parts.Append(';').Append(pair[0] == "sslmode" ? "SSL Mode" : Uri.UnescapeDataString(pair[0])).Append('=')
                .Append(Quote(Uri.UnescapeDataString(pair[^1])));
        }
        return parts.ToString();
    }

    /// <summary>The text as it is, once it is sure that it names a server.</summary>
    /// <exception cref="FormatException">It does not.</exception>
    public static string? Check(string text)
    {
        if (text.Length == 0) return null;
        try
        {
            return new NpgsqlConnectionStringBuilder(ToConnectionString(text)).Host is { Length: > 0 } ? text : throw new FormatException();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or UriFormatException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static string Quote(string value) => value.AsSpan().IndexOfAny(";'\" =") < 0 ? value : "'" + value.Replace("'", "''") + "'";
}
