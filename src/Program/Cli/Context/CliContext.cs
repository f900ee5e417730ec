using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Which cloud a command speaks to, and as whom. Kept in <c>STRATA_HOME/context.json</c>, readable by its owner only.</summary>
internal sealed record CliContext
{
    /// <summary>For example <c>http://127.0.0.1:8080</c>.</summary>
    public required string Server { get; init; }
    public string? Token { get; init; }

    /// <summary>Project that commands mean when none is named.</summary>
    public string Project { get; init; } = DefaultProject;

    /// <summary>Where <see cref="Token"/> comes from.</summary>
    [JsonIgnore]
    public TokenSource Source { get; init; }

    /// <summary>Whether the file has a token for the same server which STRATA_TOKEN hides.</summary>
    [JsonIgnore]
    public bool HasOther { get; init; }

    public const string DefaultProject = "default";
    public const string FileName = "context.json";
    private const int BytesMax = 65_536;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>STRATA_URL and STRATA_TOKEN win over the file; <paramref name="server"/> (the option <c>--server</c>) over both.</summary>
    public static CliContext Load(string home, string? server = null) =>
        Load(home, server, Environment.GetEnvironmentVariable("STRATA_URL"), Environment.GetEnvironmentVariable("STRATA_TOKEN"));

    /// <summary>
    /// A token goes only to the address that it was made for: the file's to the file's server, STRATA_TOKEN to STRATA_URL where that is
    /// set, and else to wherever the command is sent.
    /// </summary>
    internal static CliContext Load(string home, string? server, string? url, string? token)
    {
        (url, token) = (string.IsNullOrEmpty(url) ? null : url, string.IsNullOrEmpty(token) ? null : token);
        var file = Read(home);
        if ((server ?? url ?? file?.Server) is not { } address) throw Unset(home).ToException();
        if (!IsHttp(address))
            throw NoAddress(address, server is not null ? "--server" : url is not null ? "STRATA_URL" : Path.Combine(home, FileName))
                .ToException();
        if (token is not null && url is not null && !IsSame(address, url)) token = null;
        var kept = file is not null && IsSame(address, file.Server) ? file.Token : null;
        return new CliContext
        {
            Server = address,
            Token = token ?? kept,
            Source = token is not null ? TokenSource.Environment : kept is not null ? TokenSource.File : TokenSource.None,
            HasOther = token is not null && kept is not null && kept != token,
            Project = file is not null && url is null ? file.Project : DefaultProject,
        };
    }

    private static bool IsHttp(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    private static Error NoAddress(string address, string from) =>
        UsageErrors.Of($"\"{address}\" ({from}) is not the address of a server.",
            "Give one that begins with http:// or https://, such as http://127.0.0.1:8080.");

    private static bool IsSame(string address, string other) =>
        Uri.TryCreate(address, UriKind.Absolute, out var a) && Uri.TryCreate(other, UriKind.Absolute, out var b)
        && Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>The file's context, or null where there is none.</summary>
    public static CliContext? Read(string home)
    {
        var path = Path.Combine(home, FileName);
        try
        {
            if (!File.Exists(path)) return null;
            // A pipe, whose opening would wait for a writer, has the length 0.
            var read = FileLength.Of(path) is > 0 and <= BytesMax
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), WireJson.Of<CliContext>()) : null;
            return read is null || read.Token?.Any(char.IsControl) == true ? throw new JsonException() : read;
        }
        catch (JsonException e)
        {
            var line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
            throw new Error(ErrorKind.Invalid, "CONTEXT_INVALID", $"{path} is not a valid context file{line}.",
                "Delete it; \"strata up\" writes it again.").ToException();
        }
    }

    public void Save(string home)
    {
        var path = Path.Combine(home, FileName);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(path + ".new", options)) JsonSerializer.Serialize(file, this, WireJson.Of<CliContext>());
        File.Move(path + ".new", path, overwrite: true);
    }

    private static Error Unset(string home) => new(
        ErrorKind.NotFound, "NO_CONTEXT",
        $"No cloud is configured here: {Path.Combine(home, FileName)} does not exist and STRATA_URL is not set.",
        "Start one with \"strata up\", or set STRATA_URL and STRATA_TOKEN.");
}

/// <summary>Where a command has its token from.</summary>
internal enum TokenSource
{
    None,

    /// <summary>The variable STRATA_TOKEN.</summary>
    Environment,

    /// <summary>The data folder's <c>context.json</c>.</summary>
    File,
}
