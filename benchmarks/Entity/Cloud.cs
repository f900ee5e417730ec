using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Benchmarks;
using Strata.Server;
using Strata.Server.Options;
using Strata.Storage.PrivateServer;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// The whole product in this process, without applications, over a private PostgreSQL with room for its peer's connections, in a folder
/// that goes away with it.
/// </summary>
internal sealed class Cloud : IAsyncDisposable
{
    private readonly string home;
    private readonly PrivatePostgres database;
    private readonly StrataServer server;
    private readonly List<StrataServer> others = [];

    private Cloud(string home, PrivatePostgres database, StrataServer server)
    {
        (this.home, this.database, this.server) = (home, database, server);
        Http = Client(server.AdminToken!);
        Source = NpgsqlDataSource.Create(database.ConnectionString);
        Cpu = new Cpu(database.ProcessId);
    }

    public HttpClient Http { get; }
    public string SocketFolder => database.SocketFolder;
    /// <summary>With its password, which a data source does not show.</summary>
    public string ConnectionString => database.ConnectionString;
    public string? Password => new NpgsqlConnectionStringBuilder(ConnectionString).Password;
    public NpgsqlDataSource Source { get; }
    public Cpu Cpu { get; }
    public string Url => server.Options.ApiUrl.ToString().TrimEnd('/');
    public string Token => server.AdminToken!;
    public ServerOptions Options => server.Options;

    /// <param name="fill">Runs before the server starts, with the connection string of the empty database; null: nothing is in it.</param>
    public static async Task<Cloud> StartAsync(Func<string, Task>? fill = null)
    {
        var home = Directory.CreateTempSubdirectory("strata-bench-").FullName;
        var database = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { Folder = home, ConnectionsMax = 120 }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance,
            CancellationToken.None);
        if (fill is not null) await fill(database.ConnectionString);
        return new Cloud(home, database, await StartServerAsync(OptionsIn(home, database.ConnectionString)));
    }

    /// <summary>One more server of this cloud, with a folder of its own.</summary>
    /// <returns>Its address.</returns>
    public async Task<Uri> AddServerAsync()
    {
        var options = OptionsIn(PathOf($"server-{others.Count + 2}"), ConnectionString) with { PublicUrlSet = Options.PublicUrl };
        options.Home.CreateRoot();
        File.Copy(Options.Home.KeyFile, options.Home.KeyFile);
        others.Add(await StartServerAsync(options));
        return options.ApiUrl;
    }

    public string PathOf(string name) => Path.Combine(home, name);

    public HttpClient Client(string token) => Client(token, server.Options.ApiUrl);

    public static HttpClient Client(string token, Uri address)
    {
        var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>A locked model that was learnt from the document.</summary>
    public async Task AddModelAsync(string name, string sample, string? workflows = null)
    {
        await SendAsync(Http, "POST", $"/api/model/import/JSON/SAMPLE_DATA/{name}/1", sample);
        if (workflows is not null) await SendAsync(Http, "POST", $"/api/model/{name}/1/workflow/import", workflows);
        await SendAsync(Http, "PUT", $"/api/model/{name}/1/lock", null);
    }

    public Task<JsonElement> SendAsync(string method, string path, string? body) => SendAsync(Http, method, path, body);

    public static async Task<JsonElement> SendAsync(HttpClient http, string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonElement.Parse(text) : throw new InvalidOperationException($"{method} {path}: {text}");
    }

    public async Task RunSqlAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Measures after a checkpoint, so that no run pays for the one before, and returns what an operation cost too.</summary>
    public async Task<(WrkRun Run, Cost Cost)> RestedAsync(Func<Task<WrkRun>> measure, TimeSpan duration)
    {
        await RunSqlAsync("checkpoint");
        var before = Cpu.Used();
        var run = await measure();
        var (after, count) = (Cpu.Used(), run.PerSecond * duration.TotalSeconds / 1e6);
        return (run, new Cost((after.Program - before.Program) / count, (after.Database - before.Database) / count));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Source.DisposeAsync();
        foreach (var one in others.Append(server))
        {
            await one.StopAsync(keepWork: false);
            await one.DisposeAsync();
        }
        await database.StopAsync(CancellationToken.None);
        Directory.Delete(home, recursive: true);
    }

    private static ServerOptions OptionsIn(string home, string database) => new()
    {
        PostgresUrl = database, Home = new HomeLayout(home), Listen = IPAddress.Loopback, ApiPort = FreePort(), HttpPort = FreePort(),
        EdgeMode = EdgeMode.Off, Agent = false,
    };

    private static Task<StrataServer> StartServerAsync(ServerOptions options)
    {
        options.Home.Create();
        return StrataServer.StartAsync(options, null, null, TimeProvider.System, CancellationToken.None);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Processor time of one operation, in µs.</summary>
internal readonly record struct Cost(double Server, double Database)
{
    public override string ToString() => FormattableString.Invariant($"{Server:0} µs in the server, {Database:0} µs in PostgreSQL");
}
