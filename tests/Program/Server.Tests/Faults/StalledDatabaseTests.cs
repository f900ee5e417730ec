using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Strata.Client;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// PostgreSQL hangs, as on a disk that has stopped answering: nobody waits for it without a bound, and the answers say what is wrong.
/// </summary>
public sealed class StalledDatabaseTests(ITestOutputHelper output)
{
    /// <summary>
    /// A request that waits longer than this hangs, as far as its caller can see. Far above what the server allows itself, for a loaded
    /// machine.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until the server has forgotten the token, and then for the bound of each request.</summary>
    [Fact, Trait("Duration", "Long")]
    public async Task StoppedPostgres_StatusAndRequests_AreAnsweredWith503()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync("--agent", "off", "--edge-mode", "off")).ShouldSucceed();
        using var http = Api(cloud);
        using (var well = await http.GetAsync("/api/v1/status")) Assert.Equal(200, (int)well.StatusCode);
        var stopped = PostgresProcesses.Of(cloud);
        foreach (var pid in stopped) PostgresProcesses.Signal(pid, "STOP");
        try
        {
            // While the token is remembered the server answers for itself; after that it cannot check the token.
            await Wait.UntilAsync(async () => (await AskAsync(http, "/api/v1/status")).Status == 503, "the token is forgotten", 120);
            foreach (var path in (string[])["/api/v1/status", "/api/v1/projects", "/api/v1/projects/default", "/api/entity/none/1"])
            {
                var (status, code, detail) = await AskAsync(http, path);
                Assert.Equal((503, "STORAGE_UNAVAILABLE"), (status, code));
                Assert.Contains("database", detail);
            }
            using var ready = await http.GetAsync("/readyz");
            Assert.Equal(503, (int)ready.StatusCode);
        }
        finally
        {
            foreach (var pid in stopped) PostgresProcesses.Signal(pid, "CONT");
        }
        await Wait.UntilAsync(async () => (await AskAsync(http, "/api/v1/status")).Status == 200, "it is well again", 120);
        Assert.Equal(200, (await AskAsync(http, "/api/v1/projects/default")).Status);
    }

    /// <summary>A token that was checked a moment ago is good for the status: 200, and the body says what is wrong.</summary>
    [Fact]
    public async Task StoppedPostgres_StatusOfAKnownToken_SaysThatTheDatabaseDoesNotAnswer()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync("--agent", "off", "--edge-mode", "off")).ShouldSucceed();
        using var http = Api(cloud);
        using (var well = await http.GetAsync("/api/v1/status")) Assert.Equal(200, (int)well.StatusCode);
        var stopped = PostgresProcesses.Of(cloud);
        foreach (var pid in stopped) PostgresProcesses.Signal(pid, "STOP");
        try
        {
            await Wait.UntilAsync(async () =>
            {
                using var answer = await http.GetAsync("/api/v1/status");
                var body = await answer.Content.ReadAsStringAsync();
                return body.Contains("database does not answer", StringComparison.Ordinal) || (int)answer.StatusCode == 503;
            }, "the status says so");
        }
        finally
        {
            foreach (var pid in stopped) PostgresProcesses.Signal(pid, "CONT");
        }
    }

    private static HttpClient Api(Cloud cloud)
    {
        var http = new HttpClient { BaseAddress = cloud.ApiUrl, Timeout = Patience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", cloud.Token);
        return http;
    }

    private async Task<(int Status, string? Code, string Detail)> AskAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        output.WriteLine($"{path}: {(int)answer.StatusCode}");
        if (answer.IsSuccessStatusCode) return ((int)answer.StatusCode, null, "");
        var code = body.TryGetProperty("code", out var plain) ? plain : body.GetProperty("properties").GetProperty("errorCode");
        return ((int)answer.StatusCode, code.GetString(), body.GetProperty("detail").GetString()!);
    }
}
