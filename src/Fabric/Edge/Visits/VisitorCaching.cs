using Microsoft.AspNetCore.Http;

namespace Strata.Edge.Visits;

/// <summary>What only people who are signed in may see is for no cache that others use.</summary>
internal static class VisitorCaching
{
    public static void MakePrivate(IHeaderDictionary headers)
    {
        var directives = headers.CacheControl.ToString();
        if (Has(directives, "no-store") || Has(directives, "private")) return;
        var kept = directives.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(d => !d.Equals("public", StringComparison.OrdinalIgnoreCase)
                && !d.StartsWith("s-maxage", StringComparison.OrdinalIgnoreCase));
        headers.CacheControl = string.Join(", ", kept.Prepend("private"));
    }

    private static bool Has(string directives, string one) => directives.Contains(one, StringComparison.OrdinalIgnoreCase);
}
