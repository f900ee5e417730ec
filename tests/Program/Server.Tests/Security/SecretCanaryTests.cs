using System.Text;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// Secrets that were given to the cloud, or made by it, are in nothing that it writes: its log, its database's files, its lists of
/// processes. Whatever is planted here is searched for in all of them.
/// </summary>
public sealed class SecretCanaryTests(SecurityClouds clouds)
{
    [Fact]
    public async Task Secrets_AreInNoFileAndNoProcess()
    {
        var cloud = await clouds.InProcessAsync();
        var planted = new Dictionary<string, string>();
        Plant("secret", "canary-secret-5b1f07c4");
        await MustAsync(201, "POST", "/api/v1/secrets", """{"name":"canary","project":"default","spec":{}}""");
        await MustAsync(201, "POST", "/api/v1/secrets/canary/versions", JsonSerializer.Serialize(new { value = planted["secret"] }));
        await MustAsync(200, "POST", "/api/v1/secrets/canary/reveal");
        await MustAsync(400, "POST", "/api/v1/secrets/canary/versions", JsonSerializer.Serialize(new { valu = planted["secret"] }));
        Plant("webhook", (await MadeAsync("POST", "/api/v1/webhooks", """{"name":"canary","spec":{"url":"https://books.example"}}""",
            "POST", "/api/v1/webhooks/canary/secret")).GetProperty("secret").GetString()!);
        Plant("token", (await MustAsync(201, "POST", "/api/v1/tokens", """{"name":"canary","spec":{"roles":["viewer"]}}"""))
            .GetProperty("token").GetString()![^24..]);
        Plant("client", (await MustAsync(200, "POST", "/api/clients")).GetProperty("client_secret").GetString()!);
        Assert.Equal("canary-secret-5b1f07c4", (await cloud.RunAsAsync(cloud.A.Admin, "secrets", "reveal",
            "canary")).ShouldSucceed().Output);

        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(cloud.Home, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
        })) found.AddRange(await FindAsync(file, planted));
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)))
            found.AddRange(await FindAsync(Path.Combine(process, "cmdline"), planted));
        Assert.Empty(found);
        Assert.Contains("Max core file size        0                    0", await File.ReadAllTextAsync(
            $"/proc/{cloud.Pid}/limits", TestContext.Current.CancellationToken), StringComparison.Ordinal);

        string Plant(string name, string text) => planted[name] = text;

        async Task<JsonElement> MustAsync(int status, string method, string path, string? body = null)
        {
            var answer = await cloud.CallAsync(cloud.A.Admin, method, path, body);
            Assert.Equal((path, status), (path, answer.Status));
            return answer.Body;
        }

        async Task<JsonElement> MadeAsync(string method, string path, string body, string then, string next)
        {
            await MustAsync(201, method, path, body);
            return await MustAsync(200, then, next);
        }
    }

    private static async Task<IEnumerable<string>> FindAsync(string path, Dictionary<string, string> planted)
    {
        try
        {
            if (!path.StartsWith("/proc", StringComparison.Ordinal) && new FileInfo(path).Length == 0) return []; // or a pipe
            var content = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            return [.. planted.Where(p => content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(p.Value)) >= 0).Select(p => $"{p.Key}: {path}")];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // gone meanwhile, or a socket
        }
    }
}
