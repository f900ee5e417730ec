using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>What a developer can do by what is built: hang builds, fill the server, publish or keep secrets.</summary>
public sealed class BuildScenarioTests(SecurityClouds clouds)
{
    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(Cloud cloud, string url, string path)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{cloud.HttpPort}") };
        http.DefaultRequestHeaders.Host = new Uri(url).Host;
        using var answer = await http.GetAsync(path);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string UrlOf(CommandResult deployed) =>
        deployed.ShouldSucceed().Json.GetProperty("status").GetProperty("url").GetString()!;

    [Fact]
    public async Task Build_ResultWithPipesAndLinksEverywhere_EndsAndServesOnlyItself()
    {
        var cloud = await clouds.InProcessAsync();
        using var app = new AppFolder(("strata.yaml", """
            build:
              command: mkdir out; echo hello > out/index.html; mkfifo out/pipe; ln -s pipe out/link; ln -s / out/root; for i in 1 2 3 4 5 6 7 8; do ln -s . out/self$i; done; ln -s /etc/passwd out/users.txt
              output: out
            """));
        var url = UrlOf(await cloud.RunAsAsync(cloud.B.Developer, "deploy", app.Path, "--name", "traps", "--json"));
        Assert.Equal("hello\n", (await GetAsync(cloud, url, "/")).Body);
        foreach (var path in (string[])["/pipe", "/link", "/root/etc/passwd", "/self1/index.html", "/users.txt"])
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(cloud, url, path)).Status);
    }

    /// <summary>
    /// A folder with everything that hangs, leads elsewhere or cannot be carried: deployed without it, and the deploy says what is missing
    /// and why.
    /// </summary>
    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Folder_WithTraps_IsDeployedWithoutThem_AndTheDeployNamesThem(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        using var app = new AppFolder(("index.html", "home"), ("sub/page.html", "page"), ("two\nlines.html", "x"));
        string Full(string name) => Path.Combine(app.Path, name);
        Process.Start("mkfifo", Full("pipe.html"))!.WaitForExit();
        if (Environment.IsPrivilegedProcess) Process.Start("mknod", [Full("device.html"), "c", "1", "5"])!.WaitForExit();
        for (var i = 0; i < 8; i++) File.CreateSymbolicLink(Full($"self{i}"), ".");
        for (var i = 0; i < 30; i++)
            File.CreateSymbolicLink(Full($"users{i:00}.txt"), i % 2 == 0 ? "/etc/passwd" : "../../../../etc/passwd");
        Process.Start("ln", [Full("index.html"), Full("second.html")])!.WaitForExit();
        File.SetUnixFileMode(Full("sub/page.html"), (UnixFileMode)0b100_111_101_101);
        var deployed = await cloud.RunAsAsync(cloud.B.Developer, "deploy", app.Path, "--name", "folder-traps", "--json");
        var url = UrlOf(deployed);
        foreach (var (path, body) in new[] { ("/", "home"), ("/sub/page.html", "page"), ("/second.html", "home") })
            Assert.Equal(body, (await GetAsync(cloud, url, path)).Body);
        foreach (var path in (string[])["/pipe.html", "/device.html", "/users00.txt", "/users01.txt", "/self0/index.html",
            "/two%0Alines.html"])
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(cloud, url, path)).Status);
        Assert.Contains("left out: pipe.html: a pipe, socket or device", deployed.Error, StringComparison.Ordinal);
        Assert.Contains("left out: two?lines.html: its name", deployed.Error, StringComparison.Ordinal);
        Assert.Contains("left out: users00.txt: a link that leads out of the folder", deployed.Error, StringComparison.Ordinal);
        Assert.Matches(@"left out: \d+ more", deployed.Error);
        Assert.Contains("left out: self0: a link to a folder", deployed.Error, StringComparison.Ordinal);
    }

    /// <summary>
    /// Archives that no command of ours makes: each ends with the entry's name and the reason, and nothing is written beside the source.
    /// </summary>
    [Fact]
    public async Task Archive_WithWhatMayNotBeThere_FailsAndNamesIt()
    {
        var cloud = await clouds.InProcessAsync();
        Assert.Equal(201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/deployments", """{"name":"odd","project":"default","spec":{}}""")).Status);
        var escape = "strata-escape-" + Path.GetRandomFileName();
        var entries = new (TarEntry Entry, string Named)[]
        {
            (Plain($"../../../../../../tmp/{escape}"), "outside"), (Plain($"/tmp/{escape}"), "outside"),
            (new GnuTarEntry(TarEntryType.RegularFile, "two\nlines"), "two\\nlines"),
            (new PaxTarEntry(TarEntryType.Fifo, "a-pipe"), "a-pipe"),
            (new PaxTarEntry(TarEntryType.CharacterDevice, "a-device"), "a-device"),
            (new PaxTarEntry(TarEntryType.BlockDevice, "a-disk"), "a-disk"),
            (Link(TarEntryType.SymbolicLink, "a-link", "/etc/passwd"), "a-link"),
            (Link(TarEntryType.SymbolicLink, "up", "../../etc"), "up"), (Link(TarEntryType.HardLink, "hard", "/etc/passwd"), "hard"),
            (Link(TarEntryType.HardLink, "hard-up", "../../../etc/passwd"), "hard-up"),
        };
        for (var i = 0; i < entries.Length; i++)
        {
            var digest = await PutAsync(cloud, [Plain("index.html"), entries[i].Entry]);
            Assert.Equal(201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/releases",
                $$$$"""{"name":"odd-{{{{i}}}}","project":"default","spec":{"deployment":"odd","source":{"archive":"{{{{digest}}}}"}}}""")).Status);
            var failed = await Wait.ForAsync(async () =>
            {
                var now = (await cloud.CallAsync(cloud.B.Developer, "GET", $"/api/v1/releases/odd-{i}")).Body;
                return now.GetProperty("state").GetString() == "FAILED"
                    ? now.GetProperty("status").GetProperty("message").GetString() : null;
            }, "the release fails", 60);
            Assert.Contains(entries[i].Named, failed, StringComparison.Ordinal);
        }
        Assert.False(File.Exists("/tmp/" + escape));
    }

    private static PaxTarEntry Plain(string name) => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream("x"u8.ToArray()) };

    private static PaxTarEntry Link(TarEntryType type, string name, string target) => new(type, name) { LinkName = target };

    private static async Task<string> PutAsync(SecurityCloud cloud, TarEntry[] entries)
    {
        using var memory = new MemoryStream();
        await using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var entry in entries) await tar.WriteEntryAsync(entry);
        }
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(memory.ToArray()));
        using var http = cloud.Api(cloud.B.Developer);
        using var put = await http.PutAsync($"/api/v1/blobs/{digest}", new ByteArrayContent(memory.ToArray()));
        Assert.True(put.IsSuccessStatusCode);
        return digest;
    }

    [Fact]
    public async Task Archive_WithAHugeExtendedHeader_IsRefusedWithoutTakingMemory()
    {
        var cloud = await clouds.InProcessAsync();
        var archive = Bomb(400 << 20);
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(archive));
        using var http = cloud.Api(cloud.B.Developer);
        using var put = await http.PutAsync($"/api/v1/blobs/{digest}", new ByteArrayContent(archive));
        Assert.True(put.IsSuccessStatusCode);
        Assert.Equal(201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/deployments", """{"name":"bomb","project":"default","spec":{}}""")).Status);
        Assert.Equal(201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/releases",
            """{"name":"bomb-1","project":"default","spec":{"deployment":"bomb","source":{"archive":"DIGEST"}}}""".Replace("DIGEST", digest))).Status);
        var failed = await Wait.ForAsync(async () =>
        {
            var now = (await cloud.CallAsync(cloud.B.Developer, "GET", "/api/v1/releases/bomb-1")).Body;
            return now.GetProperty("state").GetString() == "FAILED" ? now.GetProperty("status").GetProperty("message").GetString() : null;
        }, "the release fails", 60);
        Assert.Contains("extended header", failed);
        Assert.InRange(PeakMemoryBytes(cloud), 1, 900L << 20);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Site_WithServerCodeAndSettings_ServesNeither(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        using var app = new AppFolder(("index.html", "home"), ("config.php", "<?php $password = 'secret';"),
            ("strata.yaml", "env:\n  KEY: secret\n"), (".env", "secret"), ("db.sql", "secret"));
        var refused = await cloud.RunAsAsync(cloud.A.Developer, "deploy", app.Path, "--name", "php-site");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("config.php", refused.Error);
        app.Write("strata.yaml", "build:\n  stack: static\nenv:\n  KEY: secret\n");
        var url = UrlOf(await cloud.RunAsAsync(cloud.A.Developer, "deploy", app.Path, "--name", "php-site", "--json"));
        Assert.Equal("home", (await GetAsync(cloud, url, "/")).Body);
        foreach (var path in (string[])["/config.php", "/strata.yaml", "/.env", "/db.sql"])
        {
            var (status, body) = await GetAsync(cloud, url, path);
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.DoesNotContain("secret", body);
        }
    }

    [Fact]
    public async Task GitAddress_WithAToken_IsRefusedBeforeAnythingIsStored()
    {
        var cloud = await clouds.InProcessAsync();
        var refused = await cloud.RunAsAsync(
            cloud.A.Developer, "deploy", "https://user:ghp_secret@example.com/private.git", "--name", "private");
        Assert.Equal(1, refused.ExitCode);
        Assert.DoesNotContain("ghp_secret", refused.Error + refused.Output);
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Developer, "POST", "/api/v1/deployments", """{"name":"private","project":"default","spec":{}}""")).Status);
        var (code, body) = await cloud.CallAsync(cloud.A.Developer, "POST", "/api/v1/releases",
            """{"name":"private-1","project":"default","spec":{"deployment":"private","source":{"git":{"url":"https://user:ghp_secret@example.com/private.git"}}}}""");
        Assert.InRange(code, 400, 422);
        Assert.DoesNotContain("ghp_secret", body.GetRawText());
        Assert.Equal(404, (await cloud.CallAsync(cloud.A.Developer, "GET", "/api/v1/releases/private-1")).Status);
        Assert.DoesNotContain("ghp_secret", cloud.LogEnd());
    }

    [Fact]
    public async Task GitAddress_OnTheServersDisk_IsForOperatorsOnly()
    {
        var cloud = await clouds.InProcessAsync();
        Assert.Equal(201, (await cloud.CallAsync(cloud.B.Admin, "POST", "/api/v1/deployments", """{"name":"local","project":"default","spec":{}}""")).Status);
        foreach (var token in new[] { cloud.B.Admin, cloud.B.Developer })
        {
            foreach (var url in (string[])["file:///root/repository", "FILE:///root/repository", "file:/root/repository",
                "/root/repository"])
            {
                Assert.InRange((await cloud.CallAsync(token, "POST", "/api/v1/releases",
                    """{"name":"local-1","project":"default","spec":{"deployment":"local","source":{"git":{"url":"URL"}}}}""".Replace("URL", url))).Status, 400, 422);
            }
        }
    }

    private static long PeakMemoryBytes(Cloud cloud)
    {
        var line = File.ReadLines($"/proc/{cloud.Pid}/status").First(x => x.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>A tar.gz whose first header announces an extended header of this many zeros.</summary>
    private static byte[] Bomb(int bytes)
    {
        var block = new byte[512];
        Encoding.ASCII.GetBytes("pax").CopyTo(block, 0);
        Encoding.ASCII.GetBytes(Convert.ToString(bytes, 8).PadLeft(11, '0')).CopyTo(block, 124);
        block[156] = (byte)'x';
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        block.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(block.Sum(x => x), 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(block);
            var zeros = new byte[1 << 20];
            for (var i = 0; i < bytes >> 20; i++) gzip.Write(zeros);
        }
        return memory.ToArray();
    }
}
