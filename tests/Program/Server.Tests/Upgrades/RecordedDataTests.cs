using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Server.Options;
using Strata.Server.Tests.Support;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Tests.Upgrades;

/// <summary>
/// The data of each released version, recorded by <c>scripts/record-data</c>, started with the present program: what was there is there,
/// and goes on.
/// </summary>
public sealed class RecordedDataTests
{
    private static readonly string Recorded = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "../../../../tests/Program/Server.Tests/Upgrades/recorded"));

    public static TheoryData<string> Versions =>
        [.. Directory.GetDirectories(Recorded).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Up_OverTheDataOfAnEarlierVersion_HasAllOfItAndGoesOn(string version)
    {
        await using var cloud = new Cloud();
        var ids = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(Recorded, version, "ids.json")));
        await RestoreAsync(version, cloud.Home);
        (await cloud.UpAsync()).ShouldSucceed();

        await Wait.UntilAsync(
            async () => (await cloud.GetPageAsync("page")).Contains("second", StringComparison.Ordinal), "the page is served as it was");
        (await cloud.RunAsync("rollback", "page")).ShouldSucceed();
        await Wait.UntilAsync(
            async () => (await cloud.GetPageAsync("page")).Contains("first", StringComparison.Ordinal), "its first release is served");

        using var http = new HttpClient { BaseAddress = cloud.ApiUrl,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", cloud.Token) } };
        foreach (var (plural, names) in new Dictionary<string, string[]>
        {
            ["organizations"] = ["acme", "default"], ["projects"] = ["default", "shop"], ["tokens"] = ["reader"],
            ["deployments"] = ["page"],
        })
        {
            var listed = await GetAsync(http, $"/api/v1/{plural}?limit=100");
            Assert.Superset(
                names.ToHashSet(), listed.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("name").GetString()!)
                    .ToHashSet());
        }
        await CheckEntitiesAsync(http, ids.GetProperty("order").GetString()!, ids.GetProperty("deleted").GetString()!);
        var status = (await cloud.RunAsync("status", "-o", "json")).ShouldSucceed();
        Assert.DoesNotContain("cannot be read", status.Output, StringComparison.Ordinal);
    }

    private static async Task CheckEntitiesAsync(HttpClient http, string order, string deleted)
    {
        var now = await GetAsync(http, $"/api/entity/{order}");
        Assert.Equal(12, now.GetProperty("data").GetProperty("total").GetInt32());
        Assert.Equal("PAID", now.GetProperty("meta").GetProperty("state").GetString());
        var created = now.GetProperty("meta").GetProperty("creationDate").GetString()!;
        var then = await GetAsync(http, $"/api/entity/{order}?pointInTime={Uri.EscapeDataString(created)}");
        Assert.Equal(10, then.GetProperty("data").GetProperty("total").GetInt32());
        using var gone = await http.GetAsync($"/api/entity/{deleted}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        using var another = new StringContent("""{"number": "A-3", "total": 30, "customer": {"name": "Cleo"}}""", Encoding.UTF8, "application/json");
        using var made = await http.PostAsync("/api/entity/JSON/order/1", another);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
    }

    private static async Task<JsonElement> GetAsync(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(address);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {(int)answer.StatusCode} {body}");
        return JsonElement.Parse(body);
    }

    /// <summary>Fills a data folder: the files, and the database by a private PostgreSQL that stops before the program starts.</summary>
    private static async Task RestoreAsync(string version, string home)
    {
        await Script.RunAsync("tar", ["-C", home, "--no-same-owner", "-xzf", Path.Combine(Recorded, version, "home.tar.gz")]);
        var options = new PrivatePostgresOptions { Folder = new HomeLayout(home).Postgres };
        var postgres = await PrivatePostgres.StartAsync(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, default);
        try
        {
            await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            await using var restore = new NpgsqlCommand(await ReadDumpAsync(version), connection);
            await restore.ExecuteNonQueryAsync();
        }
        finally
        {
            await postgres.StopAsync(default);
        }
    }

    /// <summary>Without the lines that are for psql.</summary>
    private static async Task<string> ReadDumpAsync(string version)
    {
        await using var file = new GZipStream(
            File.OpenRead(Path.Combine(Recorded, version, "database.sql.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        var sql = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith('\\')) sql.AppendLine(line);
        }
        return sql.ToString();
    }
}
