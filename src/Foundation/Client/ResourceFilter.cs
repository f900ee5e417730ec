using System.Globalization;
using Strata.Core;

namespace Strata.Client;

/// <summary>Which resources to list or watch. Everything left null does not restrict.</summary>
public sealed record ResourceFilter
{
    public static readonly ResourceFilter All = new();

    private const int PageMax = 1_000;

    /// <summary>
    /// Organization's name or id; only callers of the platform may name another than their own. Null for them: every organization.
    /// </summary>
    public string? Org { get; init; }

    /// <summary>Name or id.</summary>
    public string? Project { get; init; }

    public string? State { get; init; }

    /// <summary>Fields that must be equal, by path: <c>spec.deployment</c>, <c>status.ready</c>, <c>labels.tier</c>.</summary>
    public IReadOnlyDictionary<string, string>? Fields { get; init; }

    /// <summary>A condition in the entity API's JSON.</summary>
    public string? Where { get; init; }

    /// <summary>The deleted ones instead, each as it was when it was deleted. Not for watches, and not with <see cref="At"/>.</summary>
    public bool Deleted { get; init; }

    /// <summary>As of when; null: now. Not for watches.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Maximum number of resources that a list returns; null: all. Not for watches.</summary>
    public int? Limit { get; init; }

    /// <summary>Resources per page, 1 to 1,000; null: the server's default.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(string plural, string? cursor, bool watch)
    {
        var path = ApiPath.With(
            ApiPath.Of(plural),
            ("org", Org), ("project", Project), ("state", State), ("where", Where), ("at", Rfc3339(At)),
            ("deleted", Deleted ? "true" : null),
            ("limit", SizeOfPage(watch)), ("cursor", cursor), ("watch", watch ? "true" : null));
        foreach (var (name, value) in Fields ?? new Dictionary<string, string>()) path = ApiPath.With(path, (name, value));
        return path;
    }

    /// <summary>A page need not hold more than the limit.</summary>
    private string? SizeOfPage(bool watch)
    {
        var size = Limit is { } limit && !watch ? Math.Clamp(limit, 1, PageSize ?? PageMax) : PageSize;
        return size?.ToString(CultureInfo.InvariantCulture);
    }

    internal static string? Rfc3339(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
