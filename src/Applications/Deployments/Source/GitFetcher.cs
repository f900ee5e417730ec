using System.Globalization;
using System.Text.RegularExpressions;
using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Source;

/// <summary>
/// Fetches one commit of an untrusted repository in the build sandbox: as a user without rights, who sees neither the machine's files nor
/// its services. git runs without prompts, without the machine's or a user's configuration, without hooks, submodules or large-file
/// filters, over the one protocol of the address, pinned to the host address that was checked; it is killed past the time, and what it may
/// write is bounded by the workspace.
/// </summary>
internal sealed partial class GitFetcher(ISandbox sandbox, SourceLimits limits)
{
    private const int FetchFailed = 71;
    private const int TooManyFiles = 73;
    private const int TooManyBytes = 74;
    private const int OutputLinesMax = 100;
    private const long MemoryBytes = 1L << 30;

    /// <summary>In the workspace, for file://: what the script fetches from and then deletes.</summary>
    private const string Origin = ".strata-origin";

    private static readonly string Script = ReadScript();

    /// <summary>Leaves the commit's files in the workspace's empty folder, without <c>.git</c>.</summary>
    public async Task<Result<FetchedSource>> FetchAsync(GitSource source, IWorkspace workspace, CancellationToken cancellationToken)
    {
        if (Reference(source) is not { } reference) return SourceErrors.GitRefNotFound(source.Url, source.Commit ?? source.Branch ?? "");
        if (!(await GitAddress.ResolveAsync(source.Url, limits.AllowPrivateGit, cancellationToken)).TryGet(out var address, out var error))
            return error;
        return await FetchAsync(address, source.Url, reference, workspace, cancellationToken);
    }

    private async Task<Result<FetchedSource>> FetchAsync(
        GitAddress address, string shown, string reference, IWorkspace workspace, CancellationToken cancellationToken)
    {
        if (address.Url.IsFile && !await CopyAsync(address.Url.LocalPath, workspace.Folder, cancellationToken))
            return SourceErrors.GitNotFound(shown);
        var said = new Queue<string>();
        var outcome = await sandbox.RunAsync(Describe(address, reference, workspace, Add), cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        List<string> lines;
        lock (said) lines = [.. said];
        return outcome switch
        {
            SandboxOutcome.Succeeded when Commit(lines) is { } commit => new FetchedSource(commit, lines.Contains("strata:submodule")),
            SandboxOutcome.Failed { ExitCode: TooManyFiles } => SourceErrors.TooManyFiles(limits.FilesMax),
            SandboxOutcome.Failed { ExitCode: TooManyBytes } => SourceErrors.TooManyBytes(limits.BytesMax),
            SandboxOutcome.OutOfDisk or SandboxOutcome.OutOfMemory =>
                SourceErrors.TooManyBytes(Math.Min(limits.BytesMax, workspace.DiskBytes)),
            SandboxOutcome.MachineOutOfDisk full => full.Error,
            SandboxOutcome.TimedOut => SourceErrors.GitTimeout(shown, limits.GitTimeout),
            SandboxOutcome.Failed { ExitCode: FetchFailed } => Explain(shown, reference, lines),
            SandboxOutcome.NotStarted fault => SourceErrors.GitFailed(shown, fault.Sentence),
            _ => SourceErrors.GitFailed(shown, LastLine(lines)),
        };

        void Add(string line)
        {
            lock (said)
            {
                said.Enqueue(UrlCredentials.Mask(line));
                if (said.Count > OutputLinesMax) said.Dequeue();
            }
        }
    }

    /// <summary>
    /// The sandbox sees none of the machine's folders, so the repository of an operator is copied into it, read by this server: its objects
    /// and references, without following links.
    /// </summary>
    /// <returns>False: no such commit.</returns>
    private async Task<bool> CopyAsync(string repository, string folder, CancellationToken cancellationToken)
    {
        var source = Path.Combine(repository, ".git") is var inside && Directory.Exists(inside) ? inside : repository;
        if (!File.Exists(Path.Combine(source, "HEAD"))) return false;
        var target = Directory.CreateDirectory(Path.Combine(folder, Origin)).FullName;
        await FolderCopy.CopyAsync(source, target, limits.FilesMax * 2, cancellationToken);
        return true;
    }

    private SandboxRun Describe(GitAddress address, string reference, IWorkspace workspace, Action<string> onLine) => new()
    {
        Workspace = workspace,
        Command =
        [
            "/bin/sh", "-c", Script, "git-fetch", RemoteUrl(address), reference,
            limits.FilesMax.ToString(CultureInfo.InvariantCulture), limits.BytesMax.ToString(CultureInfo.InvariantCulture),
            .. Options(address),
        ],
        Env = Environment(address),
        OnLine = onLine,
        Network = NetworkFor(address),
        Limits = new SandboxLimits { Cpu = 2, MemoryBytes = MemoryBytes, PidsMax = 128, Time = limits.GitTimeout, LogBytesMax = 1 << 20 },
    };

    /// <summary>
    /// The sandbox's own network reaches no private address, and no IPv6; the pinned address keeps git from any other host of the machine's
    /// network.
    /// </summary>
    private static SandboxNetwork NetworkFor(GitAddress address) => address.Pinned is not { } ip ? SandboxNetwork.None
        : GitAddress.IsPublic(ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
        ? SandboxNetwork.Own : SandboxNetwork.Host;

    private static IEnumerable<string> Options(GitAddress address)
    {
        string[] settings =
        [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.version=2", "credential.helper=", "gc.auto=0",
            "advice.detachedHead=false",
            "submodule.recurse=false",
            "http.followRedirects=" + (address.Pinned is { } ip && GitAddress.IsPublic(ip) ? "false" : "initial"),
            .. Pin(address),
        ];
        return settings.SelectMany(x => new[] { "-c", x });
    }

    /// <summary>A host that is an address needs no pin, and curl takes none for IPv6.</summary>
    private static string[] Pin(GitAddress address) =>
        address is { Pinned: { } ip, Url: { Scheme: "http" or "https", HostNameType: UriHostNameType.Dns } }
        ? [string.Create(CultureInfo.InvariantCulture, $"http.curloptResolve={address.Url.IdnHost}:{address.Url.Port}:{Bracket(ip)}")] : [];

    private static string Bracket(System.Net.IPAddress ip) => ip.ToString().Contains(':') ? $"[{ip}]" : ip.ToString();

    /// <summary>
    /// The git protocol names no host that a server must know, so its address can stand in for it; ssh gets the address as an option; a
    /// folder was copied.
    /// </summary>
    private static string RemoteUrl(GitAddress address) => address switch
    {
        { Url.IsFile: true } => Origin,
        { Pinned: { } ip, Url.Scheme: "git" } => new UriBuilder(address.Url) { Host = Bracket(ip) }.Uri.AbsoluteUri,
        _ => address.Url.AbsoluteUri,
    };

    private static Dictionary<string, string> Environment(GitAddress address) => new()
    {
        ["LC_ALL"] = "C",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_ASKPASS"] = "/bin/false",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_LFS_SKIP_SMUDGE"] = "1",
        ["GIT_ALLOW_PROTOCOL"] = address.Url.Scheme,
        ["GIT_SSH_COMMAND"] = "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null -o IdentityFile=/dev/null"
            + $" -o ConnectTimeout=20 -o HostName={address.Pinned} -o HostKeyAlias={address.Url.IdnHost}",
    };

    private static string? Commit(IEnumerable<string> lines) =>
        lines.LastOrDefault(x => x.StartsWith("strata:commit ", StringComparison.Ordinal)) is { } line
            && FullHash().IsMatch(line["strata:commit ".Length..]) ? line["strata:commit ".Length..] : null;

    /// <summary>The reference to fetch; null if it cannot be one, so that no text is taken for an option or a refspec.</summary>
    private static string? Reference(GitSource source)
    {
        if (source.Commit is { } commit) return FullHash().IsMatch(commit) ? commit : null;
        if (source.Branch is not { } branch) return "HEAD";
        return SafeReference().IsMatch(branch) && !branch.Contains("..", StringComparison.Ordinal) ? branch : null;
    }

    private Error Explain(string url, string reference, IReadOnlyList<string> lines)
    {
        var output = string.Join('\n', lines);
        if (OutOfRoom().IsMatch(output)) return SourceErrors.TooManyBytes(limits.BytesMax);
        if (output.Contains("couldn't find remote ref HEAD", StringComparison.Ordinal)) return SourceErrors.GitEmpty(url);
        if (RefMissing().IsMatch(output)) return SourceErrors.GitRefNotFound(url, reference);
        return RepositoryMissing().IsMatch(output) ? SourceErrors.GitNotFound(url) : SourceErrors.GitFailed(url, LastLine(lines));
    }

    private static string LastLine(IEnumerable<string> lines) =>
        lines.Select(x => x.Trim()).LastOrDefault(
            x => x.StartsWith("fatal", StringComparison.Ordinal) || x.StartsWith("error", StringComparison.Ordinal)) ?? "git said nothing.";

    private static string ReadScript()
    {
        using var stream = typeof(GitFetcher).Assembly.GetManifestResourceStream(typeof(GitFetcher), "git-fetch.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})\\z")]
    private static partial Regex FullHash();

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9._/+@#-]{0,254}\\z")]
    private static partial Regex SafeReference();

    /// <summary>Signal 25 (SIGXFSZ) ends a program that writes past the file size limit.</summary>
    [GeneratedRegex("File too large|No space left|died of signal 25|File size limit")]
    private static partial Regex OutOfRoom();

    [GeneratedRegex("couldn't find remote ref|not our ref|no such remote ref|unadvertised object")]
    private static partial Regex RefMissing();

    [GeneratedRegex(
        "not found|does not appear to be a git repository|does not exist|could not read Username|Authentication failed|Permission denied|access denied|403", RegexOptions.IgnoreCase)]
    private static partial Regex RepositoryMissing();
}
