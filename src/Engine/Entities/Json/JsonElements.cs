using System.Text.Json;
using Strata.Core;

namespace Strata.Entities.Json;

/// <summary>Reading of members that may be missing or of the wrong type.</summary>
internal static class JsonElements
{
    /// <summary>A member that is there and not null.</summary>
    public static bool TryFind(this JsonElement json, string name, out JsonElement member) =>
        json.TryGetProperty(name, out member) && member.ValueKind != JsonValueKind.Null;

    /// <summary>A string member; null where it is missing or no string.</summary>
    public static string? TextOf(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}

/// <summary>User text inside messages.</summary>
internal static class Quote
{
    public const int LengthMax = 60;

    public static string Shorten(string text) => text.Shortened(LengthMax);
}
