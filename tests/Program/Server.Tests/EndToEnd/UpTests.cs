using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>A cloud's start and what it tells of itself.</summary>
public sealed class UpTests(SharedCloud cloud)
{
    [Fact]
    public async Task FirstStart_DeploysTheWelcomePage_AsAnyUserWould()
    {
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
        var release = (await cloud.RunAsync("get", "releases", "--json")).ShouldSucceed().Json.EnumerateArray()
            .Single(r => r.GetProperty("name").GetString() == "welcome-1");
        Assert.Equal("user:admin", release.GetProperty("status").GetProperty("number").GetInt32() == 1
            ? await CreatorAsync("release/welcome-1") : null);
    }

    [Fact]
    public async Task FirstStart_KeepsSecretsFromOthers()
    {
        foreach (var file in new[] { "context.json", "run/agent.token", "run/edge.token" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(cloud.Home, file)));
        }
        Assert.DoesNotContain(cloud.Token, await File.ReadAllTextAsync(Path.Combine(cloud.Home, "run", "strata.log")));
    }

    [Fact]
    public async Task Status_OfAHealthyCloud_TellsEveryPart()
    {
        var status = (await cloud.RunAsync("status", "-o", "json")).ShouldSucceed().Json;
        Assert.True(status.GetProperty("ok").GetBoolean());
        var parts = status.GetProperty("parts").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToList();
        Assert.Superset(new HashSet<string?> { "database", "storage", "engine", "api", "agent", "edge" }, parts.ToHashSet());
        // Other tests deploy here what fails, of which status warns.
        Assert.Matches(", (all well|every part works, with [0-9]+ warnings?)\n", (await cloud.RunAsync("status")).ShouldSucceed().Output);
    }

    [Fact]
    public async Task HealthAndReadiness_WithoutAToken_AreOpen_AndNothingElseIs()
    {
        using var http = new HttpClient { BaseAddress = cloud.ApiUrl };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/v1/status")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/v1/deployments")).StatusCode);
    }

    [Fact]
    public async Task Up_DataFolderInUse_IsOneSentenceAndTheFix()
    {
        var second = await cloud.RunAsync("up", "--api-port", $"{FreePort.Next()}", "--http-port", $"{FreePort.Next()}");
        Assert.Equal(74, second.ExitCode);
        Assert.Contains($"A cloud already runs in {cloud.Home}", second.Error);
        Assert.Contains("DATA_FOLDER_IN_USE", second.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Up_PortInUse_NamesWhoHasItAndAnother(bool detached)
    {
        await using var other = new Cloud();
        using var listener = new TcpListener(IPAddress.Loopback, other.ApiPort);
        listener.Start();
        var result = await other.RunAsync(
            [.. new[] { "up", "--api-port", $"{other.ApiPort}", "--http-port", $"{other.HttpPort}" },
                .. detached ? ["-d"] : Array.Empty<string>()]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"Port {other.ApiPort}, which the API needs, is in use by", result.Error);
        Assert.Contains($"process {Environment.ProcessId}", result.Error);
        var proposed = System.Text.RegularExpressions.Regex.Match(result.Error, @"--api-port (\d+)").Groups[1].Value;
        Assert.DoesNotContain(proposed, (string[])["", $"{other.ApiPort}", $"{other.HttpPort}"]);
        Assert.Contains($"--http-port {other.HttpPort} --api-port {proposed}", result.Error);
        Assert.Contains("PORT_IN_USE", result.Error);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Up_PostgresThatDoesNotStart_IsOneSentenceAndTheFix()
    {
        await using var broken = new Cloud();
        (await broken.UpAsync()).ShouldSucceed();
        (await broken.RunAsync("down", "--all")).ShouldSucceed();
        Assert.Contains("No cloud runs in", (await broken.RunAsync("status")).Error, StringComparison.Ordinal); // it was asked to end
        var control = Path.Combine(broken.Home, "postgres", "data", "global", "pg_control");
        var whole = await File.ReadAllBytesAsync(control);
        await File.WriteAllBytesAsync(control, new byte[whole.Length]);
        var result = await broken.UpAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("PostgreSQL did not start", result.Error);
        Assert.Contains("POSTGRES_START_FAILED", result.Error);
        Assert.Null(broken.Pid);
        await File.WriteAllBytesAsync(control, whole);
        (await broken.UpAsync()).ShouldSucceed(); // and it is well again
    }

    [Fact]
    public async Task Up_IncompleteDatabase_IsOneSentenceAndTheFix()
    {
        await using var broken = new Cloud();
        var data = Directory.CreateDirectory(Path.Combine(broken.Home, "postgres", "data")).FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "PG_VERSION"), "15\n");
        var result = await broken.UpAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("POSTGRES_START_FAILED", result.Error);
        Assert.Contains("Next:", result.Error);
    }

    [Fact]
    public async Task Doctor_OfAHealthyCloud_FindsNothingToMend()
    {
        var diagnosis = (await cloud.RunAsync("doctor", "--json")).ShouldSucceed().Json;
        Assert.True(diagnosis.GetProperty("ok").GetBoolean());
        var settings = diagnosis.GetProperty("settings").EnumerateArray().ToDictionary(
            s => s.GetProperty("name").GetString()!, s => (s.GetProperty("value").GetString(), s.GetProperty("source").GetString()));
        Assert.Equal(($"{cloud.ApiPort}", "flag --api-port"), settings["api-port"]); // those of the cloud that runs
        Assert.Equal("default", settings["edge-mode"].Item2);
    }

    [Fact]
    public async Task Doctor_WithAPortInUse_SaysWhichAndHowToMendIt()
    {
        await using var other = new Cloud();
        using var listener = new TcpListener(IPAddress.Loopback, other.HttpPort);
        listener.Start();
        var result = await other.RunAsync("doctor", "--http-port", $"{other.HttpPort}", "--api-port", $"{other.ApiPort}");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"Port {other.HttpPort}", result.Output);
        Assert.Contains("flag --http-port", result.Output);
    }

    private async Task<string?> CreatorAsync(string resource)
    {
        var history = (await cloud.RunAsync("history", resource, "--json")).ShouldSucceed().Json;
        return history.EnumerateArray().Last().GetProperty("updatedBy").GetString();
    }
}
