using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Strata.Api.Http;
using Strata.Core;
using Strata.Resources.Kinds;
using Strata.Wire.Resources;

namespace Strata.ResourceRpc;

/// <summary>Where the HTTP API has a kind, or something of it. Immutable.</summary>
internal sealed class ResourcePath(IEnumerable<Kind> kinds)
{
    private readonly HashSet<string> plurals = [.. kinds.Select(kind => kind.Plural)];

    /// <exception cref="StrataException">NO_SUCH_KIND; BAD_REQUEST where another part is empty or dots: it would be another
    /// path.</exception>
    public string Of(string kind, params ReadOnlySpan<string> parts)
    {
        if (!plurals.Contains(kind)) throw NoSuchKind(kind).ToException();
        var path = new StringBuilder("/api/v1/").Append(kind);
        foreach (var part in parts)
        {
            if (part is "" or "." or "..")
                throw new Error(ErrorKind.Invalid, "BAD_REQUEST", "The name and the transition of a request must be given.").ToException();
            path.Append('/').Append(Uri.EscapeDataString(part));
        }
        return path.ToString();
    }

    private static Error NoSuchKind(string kind) => new(
        ErrorKind.NotFound, "NO_SUCH_KIND", $"There is no kind \"{kind.Shortened(63)}\".",
        "Name it in the plural, for example deployments; \"strata get\" lists them.");
}

/// <summary>A query string of what is there: what is empty or 0 in a message is not.</summary>
internal sealed class QueryText
{
    private readonly StringBuilder text = new();

    public QueryText Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            text.Append(text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    public QueryText Add(string name, long value) => value == 0 ? this : Add(name, value.ToString(CultureInfo.InvariantCulture));

    public QueryText Add(string name, Timestamp? time) => time is null
        ? this : Add(name, time.ToDateTime().ToString("O", CultureInfo.InvariantCulture));

    public QueryText Add(Filter? filter)
    {
        if (filter is null) return this;
        Add("project", filter.Project).Add("state", filter.State).Add("where", filter.Where);
        foreach (var (field, value) in filter.Fields) Add(Checked(field), value);
        return this;
    }

    public override string ToString() => text.ToString();

    /// <summary>Only fields: any other parameter has a place of its own in the request, or none.</summary>
    private static string Checked(string field) => FieldFilter.IsName(field) ? field
        : throw new Error(ErrorKind.Invalid, "BAD_REQUEST", "A field of a filter begins with labels., spec. or status.",
            "For example labels.tier.").ToException();
}
