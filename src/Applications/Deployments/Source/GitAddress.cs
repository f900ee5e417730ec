using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Strata.Core;

namespace Strata.Deployments.Source;

/// <summary>
/// A git address that this server may fetch from, checked: an allowed protocol, no password inside, and a host whose addresses are public
/// unless private ones are allowed. The host is looked up once and the fetch pinned to the address that was checked, so that a name cannot
/// change its meaning in between.
/// </summary>
/// <param name="Url">As to be shown: without user or password.</param>
/// <param name="Pinned">The checked address of the host; null for file://.</param>
internal sealed partial record GitAddress(Uri Url, IPAddress? Pinned)
{
    public static async Task<Result<GitAddress>> ResolveAsync(string text, bool allowPrivate, CancellationToken cancellationToken)
    {
        if (!Parse(text).TryGet(out var url, out var error)) return error;
        if (url.IsFile)
        {
            return allowPrivate
                ? new GitAddress(url, null)
                : SourceErrors.BadGitUrl("file:// is allowed only if the server was started with --private-git on");
        }
        if (await LookUpAsync(url.IdnHost, cancellationToken) is not { Length: > 0 } addresses)
            return SourceErrors.GitHostUnknown(url.IdnHost);
        return allowPrivate || Array.TrueForAll(addresses, IsPublic)
            ? new GitAddress(url, addresses[0]) : SourceErrors.GitForbidden(url.IdnHost);
    }

    /// <summary>
    /// Checks without a DNS lookup, for use before anything is stored. Messages never contain the address, which may contain a password.
    /// </summary>
    public static Result<Uri> Parse(string text)
    {
        if (text.Length > 2000 || text.Any(char.IsControl) || text.Contains(' '))
            return SourceErrors.BadGitUrl("it contains invalid characters");
        if (ScpLike().Match(text) is { Success: true } scp) text = $"ssh://{scp.Groups["user"]}{scp.Groups["host"]}/{scp.Groups["path"]}";
        // A plain path would be taken for file://.
        if (!text.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate(text, UriKind.Absolute, out var url))
            return SourceErrors.BadGitUrl("it is not an address");
        if (text.IndexOf("//", StringComparison.Ordinal) is var slashes
            && text.AsSpan(slashes + 2).Contains("://", StringComparison.Ordinal)) return SourceErrors.BadGitUrl("it is not an address");
        if (url.Scheme is not ("https" or "http" or "ssh" or "git" or "file"))
            return SourceErrors.BadGitUrl($"{url.Scheme}:// is not a supported protocol");
        if (url.UserInfo.Contains(':') || (url.UserInfo.Length > 0 && url.Scheme != "ssh"))
        {
            return SourceErrors.BadGitUrl("it contains a user name, password or token, which the release and its history would keep");
        }
        if (url.Query.Length > 0 || url.Fragment.Length > 0)
            return SourceErrors.BadGitUrl("it contains a query or fragment, which may be a token");
        if (url.IsFile && url.Host.Length > 0) return SourceErrors.BadGitUrl("file:// takes no host");
        return url.IsFile || SafeHost().IsMatch(url.IdnHost) || (url.HostNameType is UriHostNameType.IPv6 && !url.Host.Contains('%'))
            ? url : SourceErrors.BadGitUrl("its host is not a host name");
    }

    private static async Task<IPAddress[]?> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return null;
        }
    }

    internal static bool IsPublic(IPAddress address) => PublicAddress.Is(address);

    [GeneratedRegex("^(?<user>[A-Za-z0-9._-]+@)(?<host>[A-Za-z0-9.-]+):(?<path>[^:]+)\\z")]
    private static partial Regex ScpLike();

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\\z")]
    private static partial Regex SafeHost();
}
