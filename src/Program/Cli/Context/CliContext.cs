using System.Text.Json.Serialization;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Which cloud a command speaks to, and as whom; one of <see cref="Contexts"/>, unless options or variables say otherwise.</summary>
internal sealed record CliContext
{
    /// <summary>What it is called on this machine; "local" is the cloud of the data folder. Empty: it is none of the file's.</summary>
    public string Name { get; init; } = LocalName;

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

    /// <summary>Whether STRATA_TOKEN is set and not used, because it is for the cloud of this machine and another one is meant.</summary>
    [JsonIgnore]
    public bool IgnoresVariable { get; init; }

    public const string DefaultProject = "default";
    public const string LocalName = "local";
    private const int NameLengthMax = 63;

    /// <summary>Whether a context can have this name: letters, digits, dots, hyphens and underscores.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= NameLengthMax && name[0] != '-'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>
    /// STRATA_URL and STRATA_TOKEN win over the file's current context; <paramref name="server"/> (the option <c>--server</c>) and
    /// <paramref name="name"/> (<c>--context</c>) over both.
    /// </summary>
    public static CliContext Load(string home, string? server = null, string? name = null) => Load(
        home, server, Environment.GetEnvironmentVariable("STRATA_URL"), Environment.GetEnvironmentVariable("STRATA_TOKEN"), name);

    /// <summary>
    /// A token goes only to the address that it was made for: a context's to its server, STRATA_TOKEN to STRATA_URL where that is set, and
    /// else to the cloud of this machine, or to the address that the command names. A context that is named is taken whole.
    /// </summary>
    internal static CliContext Load(string home, string? server, string? url, string? token, string? name = null)
    {
        var file = Contexts.Read(home);
        if (name is not null)
        {
            if (server is not null)
                throw UsageErrors.Of("--context and --server name a cloud each.", "Leave one of them out.").ToException();
            return Checked(file.Get(name), Path.Combine(home, Contexts.FileName));
        }
        (url, token) = (string.IsNullOrEmpty(url) ? null : url, string.IsNullOrEmpty(token) ? null : token);
        if ((server ?? url ?? file.Current?.Server) is not { } address) throw Unset(home).ToException();
        var known = server is null && url is null ? file.Current : file.ForServer(address);
        // Without an address of its own it is for the cloud of this machine, or for the one that the command names.
        var isMeant = url is not null ? IsSame(address, url)
            : server is not null || file.Current is not { } current || file.IsLocal(current);
        var ignoresVariable = !isMeant && token is not null && url is null;
        if (!isMeant) token = null;
        return Checked(new CliContext
        {
            Name = known?.Name ?? "",
            Server = address,
            Token = token ?? known?.Token,
            Source = token is not null ? TokenSource.Environment : known?.Token is not null ? TokenSource.File : TokenSource.None,
            HasOther = token is not null && known?.Token is { } kept && kept != token,
            IgnoresVariable = ignoresVariable,
            Project = url is null ? (known ?? file.Current)?.Project ?? DefaultProject : DefaultProject,
        }, server is not null ? "--server" : url is not null ? "STRATA_URL" : Path.Combine(home, Contexts.FileName));
    }

    /// <summary>Whether two addresses are of one server.</summary>
    public static bool IsSame(string address, string other) =>
        Uri.TryCreate(address, UriKind.Absolute, out var a) && Uri.TryCreate(other, UriKind.Absolute, out var b)
        && Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    public static bool IsHttp(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    /// <param name="from">Where the address comes from.</param>
    public static Error NoAddress(string address, string from) =>
        UsageErrors.Of($"\"{address}\" ({from}) is not the address of a server.",
            "Give one that begins with http:// or https://, such as http://127.0.0.1:8080.");

    private static CliContext Checked(CliContext context, string from) =>
        IsHttp(context.Server) ? context : throw NoAddress(context.Server, from).ToException();

    private static Error Unset(string home) => new(
        ErrorKind.NotFound, "NO_CONTEXT",
        $"No cloud is configured here: {Path.Combine(home, Contexts.FileName)} does not exist and STRATA_URL is not set.",
        "Start one with \"strata up\", or sign in to one with \"strata login URL\".");
}

/// <summary>Where a command has its token from.</summary>
internal enum TokenSource
{
    None,

    /// <summary>The variable STRATA_TOKEN.</summary>
    Environment,

    /// <summary>The data folder's <c>context.json</c>.</summary>
    File,

    /// <summary>It was just entered.</summary>
    Entered,
}
