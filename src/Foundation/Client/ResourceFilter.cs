using System.Globalization;
using Strata.Core;

namespace Strata.Client;

/// <summary>Which resources to list or watch. Everything left null does not restrict.</summary>
public sealed record ResourceFilter
{
    public static readonly ResourceFilter All = new();

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

    /// <summary>As of when; null: now. Not for watches.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Resources per page, 1 to 1,000; null: the server's default.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(string plural, string? cursor, bool watch)
    {
        var path = ApiPath.With(
            ApiPath.Of(plural),
            ("org", Org), ("project", Project), ("state", State), ("where", Where), ("at", Rfc3339(At)),
            ("limit", PageSize?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor), ("watch", watch ? "true" : null));
        foreach (var (name, value) in Fields ?? new Dictionary<string, string>()) path = ApiPath.With(path, (name, value));
        return path;
    }

    internal static string? Rfc3339(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
