using System.Globalization;
using System.Text.Json;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// Reads members of answers that may hold anything: a member that is missing, or not of the expected type, is null or empty. The document
/// went through <see cref="JsonGuard"/>, without which reading a string could throw.
/// </summary>
internal static class AcmeJson
{
    private const int AddressCharactersMax = 2000;
    private const int LineCharactersMax = 500;

    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : null;

    public static string? Text(this JsonElement element, string name) => element.Member(name)?.AsText();

    /// <summary>A text to show: at most <see cref="LineCharactersMax"/> characters in one line; null where nothing is left.</summary>
    public static string? Line(this JsonElement element, string name) =>
        element.Text(name) is { } text && OneLine(text, LineCharactersMax) is { Length: > 0 } line ? line : null;

    /// <summary>Without what would break a line of a log, change the colours of a terminal or reverse the order of its letters.</summary>
    public static string OneLine(string text, int charactersMax)
    {
        // Cut before the split: a server may send a mebibyte.
        var words = text.Start(charactersMax * 4).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return new string([.. string.Join(' ', words).Where(IsVisible)]).Shortened(charactersMax);
    }

    private static bool IsVisible(char c) => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format;

    public static string? AsText(this JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    public static bool IsTrue(this JsonElement element, string name) => element.Member(name)?.ValueKind == JsonValueKind.True;

    public static DateTimeOffset? Time(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time) ? time : null;

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    public static Uri? Link(this JsonElement element, string name) => LinkOf(element.Text(name));

    /// <summary>An address that may be called or shown: https, of reasonable length, without a user name. Otherwise null.</summary>
    public static Uri? LinkOf(string? text) =>
        text is { Length: <= AddressCharactersMax } && Uri.TryCreate(text, UriKind.Absolute, out var address) ? Usable(address) : null;

    public static Uri? Usable(Uri address) =>
        address.IsAbsoluteUri && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0
            && address.OriginalString.Length <= AddressCharactersMax ? address : null;
}
