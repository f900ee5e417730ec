using System.Diagnostics;
using System.Net;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Source;

public sealed class GitFetcherTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Url => "file://" + folder["repo"];

    private Task<Result<string>> FetchAsync(GitSource source, SourceLimits? limits = null) =>
        new GitFetcher(limits ?? SourceLimits.Default with { AllowPrivateGit = true }, TimeProvider.System).FetchAsync(source, Directory.CreateDirectory(folder["target"]).FullName, default);

    private string Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", Directory.CreateDirectory(folder["repo"]).FullName, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.Trim();
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
        Assert.Equal("two", File.ReadAllText(folder["target/a.txt"]));
        Assert.False(Directory.Exists(folder["target/.git"]));
    }

    [Fact]
    public async Task Fetch_ExactCommit_IsThatOne()
    {
        Init();
        var first = Commit("a.txt", "one");
        Commit("a.txt", "two");
        Assert.Equal(first, (await FetchAsync(new GitSource(Url, Commit: first))).Value);
        Assert.Equal("one", File.ReadAllText(folder["target/a.txt"]));
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
        var random = new byte[3 << 20];
        new Random(1).NextBytes(random);
        File.WriteAllBytes(folder["repo/large.bin"], random);
        Commit("a.txt", "one");
        var fetched = await FetchAsync(new GitSource(Url), SourceLimits.Default with { AllowPrivateGit = true, BytesMax = 1 << 20 });
        Assert.Equal("SOURCE_TOO_LARGE", fetched.Error?.Code);
    }

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
    public void IsPublic_Address_IsJudged(string address, bool expected) => Assert.Equal(expected, GitAddress.IsPublic(IPAddress.Parse(address)));
}
