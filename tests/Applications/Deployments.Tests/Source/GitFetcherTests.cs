using System.Diagnostics;
using System.Net;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Tests.Source;

/// <summary>Fetches with the sandbox of this machine: git runs as a user without rights where the machine allows it.</summary>
public sealed class GitFetcherTests(GitSandbox machine) : IDisposable, IClassFixture<GitSandbox>
{
    private readonly TempFolder folder = new();
    private IWorkspace? workspace;

    public void Dispose()
    {
        workspace?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        folder.Dispose();
    }

    private string Url => "file://" + folder["repo"];

    private string Target(string path) => Path.Combine(workspace!.Folder, path);

    private async Task<Result<string>> FetchAsync(GitSource source, SourceLimits? limits = null)
    {
        workspace = (await machine.Sandbox.CreateWorkspaceAsync(256L << 20, default)).Value;
        var fetched = await new GitFetcher(machine.Sandbox, limits ?? SourceLimits.Default with { AllowPrivateGit = true })
            .FetchAsync(source, workspace, default);
        return fetched.Then<string>(x => x.Commit!);
    }

    private string Git(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", Directory.CreateDirectory(folder["repo"]).FullName,
                .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.Trim();
    }

    private string MakeTree(string entries)
    {
        var path = folder.With("tree", entries)["tree"];
        var start = new ProcessStartInfo("/bin/sh", ["-c", "git mktree < \"$0\"", path]) { WorkingDirectory = folder["repo"],
            RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    private string Commit(string name, string content)
    {
        folder.With("repo/" + name, content);
        Git("add", "-A");
        Git("commit", "-qm", name);
        return Git("rev-parse", "HEAD");
    }

    private void Init() => Git("init", "-q", "-b", "main", ".");

    [Fact]
    public async Task Fetch_DefaultBranch_IsTheNewestCommitWithoutGitFolder()
    {
        Init();
        Commit("a.txt", "one");
        var newest = Commit("a.txt", "two");
        Assert.Equal(newest, (await FetchAsync(new GitSource(Url))).Value);
        Assert.Equal("two", File.ReadAllText(Target("a.txt")));
        Assert.False(Directory.Exists(Target(".git")));
    }

    [Fact]
    public async Task Fetch_ExactCommit_IsThatOne()
    {
        Init();
        var first = Commit("a.txt", "one");
        Commit("a.txt", "two");
        Assert.Equal(first, (await FetchAsync(new GitSource(Url, Commit: first))).Value);
        Assert.Equal("one", File.ReadAllText(Target("a.txt")));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("--upload-pack=touch /tmp/evil")]
    [InlineData("+main:refs/heads/x")]
    [InlineData("a..b")]
    public async Task Fetch_BranchThatIsNone_SaysSo(string branch)
    {
        Init();
        Commit("a.txt", "one");
        Assert.Equal("SOURCE_NOT_FOUND", (await FetchAsync(new GitSource(Url, branch))).Error!.Code);
    }

    [Fact]
    public async Task Fetch_RepositoryThatIsNone_SaysSo()
    {
        var fetched = await FetchAsync(new GitSource("file:///nowhere/at/all"));
        Assert.Equal("SOURCE_NOT_FOUND", fetched.Error!.Code);
    }

    [Fact]
    public async Task Fetch_LargerThanAllowed_IsStopped()
    {
        Init();
        File.WriteAllBytes(folder["repo/large.bin"], Seeded.Bytes(3 << 20));
        Commit("a.txt", "one");
        var fetched = await FetchAsync(new GitSource(Url), SourceLimits.Default with { AllowPrivateGit = true, BytesMax = 1 << 20 });
        Assert.Equal("SOURCE_TOO_LARGE", fetched.Error?.Code);
    }

    [Fact]
    public async Task Fetch_RepositoryOfCountlessFiles_IsStoppedBeforeTheyAreWritten()
    {
        Init();
        // 16 levels of two folders with the same content are 65,536 files and 17 objects.
        var blob = Git("hash-object", "-w", "/dev/null");
        var tree = MakeTree($"100644 blob {blob}\ta\n100644 blob {blob}\tb\n");
        for (var level = 0; level < 15; level++) tree = MakeTree($"040000 tree {tree}\ta\n040000 tree {tree}\tb\n");
        Git("update-ref", "refs/heads/main", Git("commit-tree", tree, "-m", "bomb"));
        var fetched = await FetchAsync(new GitSource(Url), SourceLimits.Default with { AllowPrivateGit = true, FilesMax = 1000 });
        Assert.Equal("SOURCE_TOO_LARGE", fetched.Error?.Code);
        Assert.False(Directory.Exists(Target("a")));
    }

    [Fact]
    public async Task Fetch_InTheSandbox_IsDoneByAUserWithoutRights()
    {
        Assert.SkipUnless(machine.Sandbox.Runtime == "oci", "Plain processes are not isolated.");
        Init();
        Commit("a.txt", "one");
        Process.Start("chmod", ["-R", "go-rwx", folder.Path])!.WaitForExit();
        Assert.True((await FetchAsync(new GitSource(Url))).IsOk);
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%u", Target("a.txt")]) { RedirectStandardOutput = true })!;
        Assert.NotEqual("0", stat.StandardOutput.ReadToEnd().Trim());
        Assert.False(Directory.Exists(Target(".strata-origin")));
    }

    [Fact]
    public async Task Fetch_RepositoryWithSubmodule_SaysThatItIsLeftOut()
    {
        Init();
        var commit = Commit("a.txt", "one");
        Git("update-index", "--add", "--cacheinfo", $"160000,{commit},module");
        Git("commit", "-qm", "module");
        workspace = (await machine.Sandbox.CreateWorkspaceAsync(256L << 20, default)).Value;
        var fetched = await new GitFetcher(machine.Sandbox, SourceLimits.Default with { AllowPrivateGit = true })
            .FetchAsync(new GitSource(Url), workspace, default);
        Assert.True(fetched.Value.HasSubmodules);
    }

    [Theory]
    [InlineData("https://ghp_secret@example.org/a.git")]
    [InlineData("https://user:secret@example.org/a.git")]
    [InlineData("http://user:secret@[::1]:80/a.git")]
    [InlineData("ssh://git:secret@example.org/a.git")]
    [InlineData("https://example.org/a.git?access_token=secret")]
    [InlineData("https://example.org/a.git#secret")]
    public void Check_AddressWithToken_IsAFaultThatDoesNotShowIt(string url)
    {
        var fault = Assert.Single(
            DeploymentKinds.Release.Validate!(
                new ReleaseSpec { Deployment = "a", Source = new SourceConfig { Git = new GitSource(url) } }));
        Assert.Equal("source.git.url", fault.Field);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.org/a.git")]
    [InlineData("https://[2606:4700::1]/a.git")]
    [InlineData("git://[2606:4700::1]:9418/a.git")]
    [InlineData("ssh://git@example.org/a.git")]
    [InlineData("git@example.org:owner/a.git")]
    public void Check_PlainAddress_IsFine(string url) =>
        Assert.Empty(
            DeploymentKinds.Release.Validate!(
                new ReleaseSpec { Deployment = "a", Source = new SourceConfig { Git = new GitSource(url) } }));

    [Theory]
    [InlineData("file:///etc", "GIT_URL_INVALID")]
    [InlineData("http://127.0.0.1/a.git", "GIT_ADDRESS_FORBIDDEN")]
    [InlineData("http://[::1]/a.git", "GIT_ADDRESS_FORBIDDEN")]
    [InlineData("http://localhost/a.git", "GIT_ADDRESS_FORBIDDEN")]
    [InlineData("http://169.254.169.254/latest/meta-data", "GIT_ADDRESS_FORBIDDEN")]
    [InlineData("https://user:secret@example.org/a.git", "GIT_URL_INVALID")]
    [InlineData("ext::sh -c touch% /tmp/evil", "GIT_URL_INVALID")]
    [InlineData("ssh://-oProxyCommand=evil/x", "GIT_URL_INVALID")]
    [InlineData("-u./evil", "GIT_URL_INVALID")]
    [InlineData("ftp://example.org/a.git", "GIT_URL_INVALID")]
    public async Task Fetch_AddressNotAllowed_IsRefused(string url, string code)
    {
        var fetched = await FetchAsync(new GitSource(url), SourceLimits.Default);
        Assert.Equal(code, fetched.Error!.Code);
        Assert.DoesNotContain("secret", fetched.Error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("8.8.8.8", true)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2606:4700::1", true)]
    public void IsPublic_Address_IsJudged(string address, bool expected) =>
        Assert.Equal(expected, GitAddress.IsPublic(IPAddress.Parse(address)));
}
