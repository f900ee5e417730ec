namespace Strata.Edge.Forwarding;

/// <summary>Reads cookies that the edge has given.</summary>
internal static class RequestCookies
{
    private const int ValueMax = 2000;

    /// <summary>
    /// The first of this name, which is that of the longest path; null: it is missing, empty or too long.
    /// </summary>
    public static string? Find(Exchange x, string name)
    {
        foreach (var line in x.Request.Headers.Cookie)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                var pair = line.AsSpan(range).Trim();
                if (pair.Length <= name.Length || !pair.StartsWith(name) || pair[name.Length] != '=') continue;
                var value = pair[(name.Length + 1)..];
                return value.Length is > 0 and <= ValueMax ? value.ToString() : null;
            }
        }
        return null;
    }
}
