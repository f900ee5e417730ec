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

    private static string UrlOf(CommandResult deployed) => deployed.ShouldSucceed().Json.GetProperty("status").GetProperty("url").GetString()!;

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
        using var app = new AppFolder(("index.html", "home"), ("config.php", "<?php $password = 'secret';"), ("strata.yaml", "env:\n  KEY: secret\n"), (".env", "secret"), ("db.sql", "secret"));
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
        var refused = await cloud.RunAsAsync(cloud.A.Developer, "deploy", "https://user:ghp_secret@example.com/private.git", "--name", "private");
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
            foreach (var url in (string[])["file:///root/repository", "FILE:///root/repository", "file:/root/repository", "/root/repository"])
            {
                Assert.InRange((await cloud.CallAsync(token, "POST", "/api/v1/releases",
                    """{"name":"local-1","project":"default","spec":{"deployment":"local","source":{"git":{"url":"URL"}}}}""".Replace("URL", url))).Status, 400, 422);
            }
        }
    }

    private static long PeakMemoryBytes(Cloud cloud)
    {
        var line = File.ReadLines($"/proc/{cloud.Pid}/status").First(x => x.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) << 10;
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
