using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Each sample, deployed for real.</summary>
public sealed class SamplesTests(SharedCloud cloud)
{
    [Theory]
    [InlineData("hello-node", "Hello from Node")]
    [InlineData("hello-python", "Hello from Python")]
    [InlineData("hello-dotnet", "Hello from .NET")]
    [InlineData("guestbook", "Guestbook")]
    public async Task Deploy_ASample_ServesIt(string sample, string expected)
    {
        var result = (await cloud.RunAsync("deploy", Path.Combine(Cloud.Samples, sample))).ShouldSucceed();
        Assert.Equal($"http://{sample}.localhost:{cloud.HttpPort}", result.Output.Trim());
        Assert.Contains("==>", result.Error); // the build's log
        Assert.Contains(expected, await cloud.GetPageAsync(sample));
    }

    [Fact]
    public async Task Guestbook_SignedAndPublished_KeepsItsEntryAsAnEntity()
    {
        const string name = "book";
        using var app = new AppFolder();
        foreach (var file in Directory.GetFiles(Path.Combine(Cloud.Samples, "guestbook")))
            File.Copy(file, Path.Combine(app.Path, Path.GetFileName(file)));
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        using var http = cloud.Edge(name);
        await Wait.UntilAsync(async () => (await http.GetAsync("/")).IsSuccessStatusCode, "the guestbook has its model");
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["name"] = "Ada", ["message"] = "First entry" });
        (await http.PostAsync("/sign", form)).EnsureSuccessStatusCode();
        Assert.DoesNotContain("First entry", await http.GetStringAsync("/")); // moderation comes first
        var log = (await cloud.RunAsync("logs", name)).ShouldSucceed().Output;
        var key = System.Text.RegularExpressions.Regex.Match(log, @"[Kk]ey[^\n]*?([A-Za-z0-9_-]{16})").Groups[1].Value;
        await PublishAsync(http, key);
        Assert.Contains("First entry", await http.GetStringAsync("/"));
    }

    /// <summary>As a moderator does it in a browser: signs in, which sets a cookie, and decides on the one entry that waits.</summary>
    private static async Task PublishAsync(HttpClient http, string key)
    {
        using var signIn = new FormUrlEncodedContent(new Dictionary<string, string> { ["key"] = key });
        var page = await (await http.PostAsync("/moderate/sign-in", signIn)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        var id = System.Text.RegularExpressions.Regex.Match(page, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").Value;
        using var decision = new FormUrlEncodedContent(new Dictionary<string, string> { ["id"] = id, ["transition"] = "publish" });
        (await http.PostAsync("/moderate", decision)).EnsureSuccessStatusCode();
    }
}
