using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// The file <c>context.json</c> that the command line keeps in its data folder: a server's address, and a token that is sent to that server
/// only.
/// </summary>
/// <param name="IsLocal">Whether it is the cloud of the data folder, and not another one that "strata login" signed in to.</param>
internal sealed record LocalContext(string Server, string? Token, bool IsLocal)
{
    private const string DefaultAddress = "http://127.0.0.1:8080";
    private const string LocalName = "local";
    private const int BytesMax = 65_536;

    /// <summary>
    /// Arguments win over STRATA_URL and STRATA_TOKEN, and those over the current context. A token goes only to the server that it belongs
    /// to: the context's to the context's server, and STRATA_TOKEN to STRATA_URL if that is set, otherwise to an address argument or the
    /// cloud of this machine.
    /// </summary>
    /// <param name="variable">Value of an environment variable.</param>
    /// <exception cref="StrataException">CONTEXT_INVALID, CONTEXT_UNREADABLE, ADDRESS_INVALID.</exception>
    public static (Uri Address, string? Token) Connection(string? address, string? token, Func<string, string?> variable)
    {
        var (url, secret) = (Set(variable("STRATA_URL")), Set(variable("STRATA_TOKEN")));
        var given = Set(address) ?? url;
        if (Set(token) is not null) return (AddressOf(given ?? Read(variable)?.Server ?? DefaultAddress), token);
        if (secret is not null && given is not null && (url is null || IsSame(given, url))) return (AddressOf(given), secret);
        var context = Read(variable);
        var target = given ?? context?.Server ?? DefaultAddress;
        // Alone it is for the cloud of this machine: not for another one that the context names.
        if (secret is not null && url is null && context is not { IsLocal: false }) return (AddressOf(target), secret);
        return (AddressOf(target), context is not null && IsSame(target, context.Server) ? context.Token : null);
    }

    /// <summary>Null if there is no file.</summary>
    private static LocalContext? Read(Func<string, string?> variable)
    {
        var home = Set(variable("STRATA_HOME"))
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".strata");
        var path = Path.GetFullPath(Path.Combine(home, "context.json"));
        try
        {
            // Of a pipe too, whose opening would wait for a writer.
            if (FileLength.Of(path) == 0) throw ClientErrors.InvalidContext(path).ToException();
            using var file = File.OpenRead(path);
            var bytes = new byte[BytesMax + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > BytesMax) throw ClientErrors.InvalidContext(path).ToException();
            using var json = JsonDocument.Parse(bytes.AsMemory(0, length));
            var token = json.RootElement.TryGetProperty("token", out var member) ? Set(member.GetString()) : null;
            if (token?.Any(char.IsControl) == true) throw new JsonException();
            var server = json.RootElement.GetProperty("server").GetString() ?? throw new JsonException();
            return new LocalContext(server, token, IsOfThisMachine(json.RootElement, server));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw ClientErrors.InvalidContext(path).ToException();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ClientErrors.UnreadableContext(path).ToException();
        }
    }

    /// <summary>By its name, or by its server, of which there may be several contexts.</summary>
    private static bool IsOfThisMachine(JsonElement file, string server) =>
        NameOf(file) == LocalName || (file.TryGetProperty("others", out var others) && others.ValueKind == JsonValueKind.Array
            && others.EnumerateArray().Any(o => NameOf(o) == LocalName && IsSame(server, o.GetProperty("server").GetString() ?? "")));

    private static string NameOf(JsonElement context) =>
        context.TryGetProperty("name", out var name) ? name.GetString() ?? throw new JsonException() : LocalName;

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? uri : throw ClientErrors.InvalidAddress(text).ToException();

    private static bool IsSame(string one, string other) =>
        Uri.TryCreate(one, UriKind.Absolute, out var a) && Uri.TryCreate(other, UriKind.Absolute, out var b)
        && Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static string? Set(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
