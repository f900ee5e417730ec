using System.Globalization;
using System.Text.RegularExpressions;
using Strata.Core;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Source;

/// <summary>
/// Fetches one commit of a repository that nobody vouches for. git runs without prompts, without the machine's or a user's configuration, without hooks, submodules or
/// large-file filters, over the one protocol of the address, pinned to the host address that was checked; it is killed past the time or the size.
/// </summary>
internal sealed partial class GitFetcher(SourceLimits limits, TimeProvider time)
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Leaves the commit's files in an empty folder, without <c>.git</c>.</summary>
    /// <returns>The full hash of the commit.</returns>
    public async Task<Result<string>> FetchAsync(GitSource source, string folder, CancellationToken cancellationToken)
    {
        if (Reference(source) is not { } reference) return SourceErrors.GitRefNotFound(source.Url, source.Commit ?? source.Branch ?? "");
        if (!(await GitAddress.ResolveAsync(source.Url, limits.AllowPrivateGit, cancellationToken)).TryGet(out var address, out var error)) return error;
        using var deadline = new CancellationTokenSource(limits.GitTimeout, time);
        using var tooLarge = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, tooLarge.Token);
        var watch = WatchAsync(folder, tooLarge, stop.Token);
        try
        {
            var fetched = await FetchAsync(new Repository(folder, address, source.Url, Environment(folder, address)), reference, stop.Token);
            return fetched.IsOk && FolderBytes(folder) > limits.BytesMax ? SourceErrors.TooManyBytes(limits.BytesMax) : fetched;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return tooLarge.IsCancellationRequested ? SourceErrors.TooManyBytes(limits.BytesMax) : SourceErrors.GitTimeout(source.Url, limits.GitTimeout);
        }
        finally
        {
            await stop.CancelAsync();
            await watch;
        }
    }

    private static async Task<Result<string>> FetchAsync(Repository repository, string reference, CancellationToken cancellationToken)
    {
        await GitAsync(repository, ["init", "-q", "--template=", "."], cancellationToken);
        var fetch = await GitAsync(repository, ["fetch", "-q", "--depth", "1", "--no-tags", "--no-recurse-submodules", "--end-of-options", RemoteUrl(repository.Address), reference], cancellationToken);
        if (fetch.ExitCode != 0) return Explain(repository.Shown, reference, fetch.Output);
        var head = await GitAsync(repository, ["rev-parse", "--verify", "-q", "FETCH_HEAD^{commit}"], cancellationToken);
        var checkout = await GitAsync(repository, ["checkout", "-q", "--force", "--detach", "FETCH_HEAD"], cancellationToken);
        if (head.ExitCode != 0 || checkout.ExitCode != 0) return SourceErrors.GitFailed(repository.Shown, LastLine(checkout.Output));
        Directory.Delete(Path.Combine(repository.Folder, ".git"), recursive: true);
        return head.Output.Trim();
    }

    private static Task<ProcessEnd> GitAsync(Repository repository, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        ProcessRun.RunAsync("git", [.. Options(repository.Address), .. arguments], repository.Folder, repository.Environment, cancellationToken);

    private static IEnumerable<string> Options(GitAddress address)
    {
        string[] settings =
        [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.version=2", "credential.helper=", "gc.auto=0", "advice.detachedHead=false",
            "submodule.recurse=false", "safe.directory=*", "http.followRedirects=" + (address.Pinned is { } ip && GitAddress.IsPublic(ip) ? "false" : "initial"),
            .. Pin(address),
        ];
        return settings.SelectMany(x => new[] { "-c", x });
    }

    private static string[] Pin(GitAddress address) => address is { Pinned: { } ip, Url.Scheme: "http" or "https" }
        ? [string.Create(CultureInfo.InvariantCulture, $"http.curloptResolve={address.Url.IdnHost}:{address.Url.Port}:{Bracket(ip)}")] : [];

    private static string Bracket(System.Net.IPAddress ip) => ip.ToString().Contains(':') ? $"[{ip}]" : ip.ToString();

    /// <summary>The git protocol names no host that a server must know, so its address can stand in for it; ssh gets the address as an option.</summary>
    private static string RemoteUrl(GitAddress address) => address is { Pinned: { } ip, Url.Scheme: "git" }
        ? new UriBuilder(address.Url) { Host = ip.ToString() }.Uri.AbsoluteUri : address.Url.AbsoluteUri;

    private static Dictionary<string, string> Environment(string folder, GitAddress address) => new()
    {
        ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
        ["HOME"] = folder,
        ["LC_ALL"] = "C",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_ASKPASS"] = "/bin/false",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_LFS_SKIP_SMUDGE"] = "1",
        ["GIT_ALLOW_PROTOCOL"] = address.Url.Scheme,
        ["GIT_SSH_COMMAND"] = "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null -o IdentityFile=/dev/null"
            + $" -o ConnectTimeout=20 -o HostName={address.Pinned} -o HostKeyAlias={address.Url.IdnHost}",
    };

    private async Task WatchAsync(string folder, CancellationTokenSource tooLarge, CancellationToken cancellationToken)
    {
        try
        {
            while (FolderBytes(folder) <= limits.BytesMax) await Task.Delay(WatchInterval, time, cancellationToken);
            await tooLarge.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // the fetch has ended
        }
    }

    private static long FolderBytes(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles("*", options).Sum(x => x.Exists ? x.Length : 0);
        }
        catch (IOException)
        {
            return 0; // git moves its files about; the next look counts again
        }
    }

    /// <summary>What to ask for; null where it cannot be a reference, so that no text is taken for an option or a refspec.</summary>
    private static string? Reference(GitSource source)
    {
        if (source.Commit is { } commit) return FullHash().IsMatch(commit) ? commit : null;
        if (source.Branch is not { } branch) return "HEAD";
        return SafeReference().IsMatch(branch) && !branch.Contains("..", StringComparison.Ordinal) ? branch : null;
    }

    private static Error Explain(string url, string reference, string output)
    {
        if (output.Contains("couldn't find remote ref HEAD", StringComparison.Ordinal)) return SourceErrors.GitEmpty(url);
        if (RefMissing().IsMatch(output)) return SourceErrors.GitRefNotFound(url, reference);
        return RepositoryMissing().IsMatch(output) ? SourceErrors.GitNotFound(url) : SourceErrors.GitFailed(url, LastLine(output));
    }

    private static string LastLine(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(x => x.StartsWith("fatal", StringComparison.Ordinal) || x.StartsWith("error", StringComparison.Ordinal))
        ?? "git said nothing.";

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$")]
    private static partial Regex FullHash();

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9._/+@#-]{0,254}$")]
    private static partial Regex SafeReference();

    [GeneratedRegex("couldn't find remote ref|not our ref|no such remote ref|unadvertised object")]
    private static partial Regex RefMissing();

    [GeneratedRegex("not found|does not appear to be a git repository|does not exist|could not read Username|Authentication failed|Permission denied|access denied|403", RegexOptions.IgnoreCase)]
    private static partial Regex RepositoryMissing();

    private sealed record Repository(string Folder, GitAddress Address, string Shown, IReadOnlyDictionary<string, string> Environment);
}
