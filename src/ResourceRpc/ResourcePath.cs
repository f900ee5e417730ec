using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Strata.Core;
using Strata.Wire.Resources;

namespace Strata.ResourceRpc;

/// <summary>Where the HTTP API has a kind, or something of it.</summary>
internal static class ResourcePath
{
    /// <exception cref="StrataException">BAD_REQUEST where a part is empty: it would be another path.</exception>
    public static string Of(params ReadOnlySpan<string> parts)
    {
        var path = new StringBuilder("/api/v1");
        foreach (var part in parts)
        {
            if (part.Length == 0 || part is "." or "..") throw new Error(ErrorKind.Invalid, "BAD_REQUEST", "The kind, name and transition of a request must be given.").ToException();
            path.Append('/').Append(Uri.EscapeDataString(part));
        }
        return path.ToString();
    }
}

/// <summary>A query string of what is there: what is empty or 0 in a message is not.</summary>
internal sealed class QueryText
{
    private readonly StringBuilder text = new();

    public QueryText Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) text.Append(text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    public QueryText Add(string name, long value) => value == 0 ? this : Add(name, value.ToString(CultureInfo.InvariantCulture));

    public QueryText Add(string name, Timestamp? time) => time is null ? this : Add(name, time.ToDateTime().ToString("O", CultureInfo.InvariantCulture));

    public QueryText Add(Filter? filter)
    {
        if (filter is null) return this;
        Add("project", filter.Project).Add("state", filter.State).Add("where", filter.Where);
        foreach (var (field, value) in filter.Fields) Add(field, value);
        return this;
    }

    public override string ToString() => text.ToString();
}
