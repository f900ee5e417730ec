using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Strata.Api.Tests.BadInputs;
using Strata.ResourceRpc;
using Strata.Server.Options;

namespace Strata.Server.Tests;

/// <summary>
/// The API of the whole product over its private PostgreSQL, once for all tests of the class. The agent and the edge stay away, so that
/// nothing changes by itself.
/// </summary>
public sealed class WholeApi : IAsyncLifetime
{
    private readonly string root = Path.Combine(Path.GetTempPath(), $"strata-api-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");

    public StrataServer Server { get; private set; } = null!;
    public HttpClient Http { get; private set; } = null!;

    /// <summary>What was filled in, by the names of parameters; null until a test has done so.</summary>
    public Dictionary<string, string>? Known { get; set; }

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(root); // PostgreSQL's user must be able to enter it
        var options = new ServerOptions
        {
            Home = new HomeLayout(root), Listen = IPAddress.Loopback, ApiPort = FreePort.Next(), HttpPort = FreePort.Next(),
            EdgeMode = EdgeMode.Off, Agent = false,
        };
        options.Home.Create();
        Server = await StrataServer.StartAsync(options, null, null, TimeProvider.System, default);
        Http = new HttpClient { BaseAddress = options.ApiUrl };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Server.AdminToken);
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (Server is not null)
        {
            await Server.StopAsync(keepWork: false);
            await Server.DisposeAsync();
        }
        Folder.Delete(root);
    }
}

public sealed class WholeApiTests(WholeApi api, ITestOutputHelper output) : IClassFixture<WholeApi>
{
    private static readonly string[] Lists =
        ["organizations", "projects", "tokens", "nodes", "instances", "deployments", "releases", "routes", "webhooks"];

    private static readonly string[] Open = ["/", "/ca.pem", "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/assets/{file}",
        "/docs/errors",
        "/docs/errors/{code}", "/api/health", "/api/oauth/token", "/api/oauth/device", "/api/oauth/revoke", "/api/oauth/userinfo",
        "/api/oauth/introspect", "/api/.well-known/jwks.json", "/api/.well-known/openid-configuration"];

    private static readonly string[] Rpc =
    [
        "/strata.v1.ResourceService/", "/org.cyoda.cloud.api.grpc.CloudEventsService/", "/grpc.health.v1.Health/",
        "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/",
    ];

    private static readonly string[] KeyedByIdentity =
    [
        "POST /api/clients", "DELETE /api/clients/{clientId}", "DELETE /api/oauth/keys/keypair/{keyId}",
        "POST /api/oauth/keys/keypair/{keyId}/invalidate",
        "DELETE /api/oauth/keys/trusted/{keyId}", "POST /api/oauth/keys/trusted/{keyId}/invalidate",
        "DELETE /api/oauth/oidc/providers/{id}",
        "POST /api/oauth/oidc/providers/{id}/invalidate", "POST /api/oauth/oidc/providers/{id}/reactivate",
        "PATCH /api/oauth/oidc/providers/{id}",
    ];

    private readonly StrataServer server = api.Server;
    private readonly HttpClient http = api.Http;

    [Fact]
    public Task EveryEndpoint_RefusesBadInputs_AndChangesNothing() => RefuseAsync(each: 100);

    [Fact, Trait("Duration", "Long")]
    public Task EveryEndpoint_RefusesAThousandBadInputs_AndChangesNothing() => RefuseAsync(each: 1000);

    private async Task RefuseAsync(int each)
    {
        var known = api.Known ??= await FillAsync();
        var before = await SettledAsync();
        var report = await new BadInputs(server.Options.ApiUrl, server.AdminToken!, known).RunAsync(each, default);
        output.WriteLine(report.ToString());
        Assert.True(report.Failures.Count == 0, report.ToString());
        Assert.Equal(before, await SnapshotAsync());
    }

    /// <summary>Whatever module maps an endpoint: it names a permission, or is one of these; and nobody comes in without a token.</summary>
    [Fact]
    public async Task EveryEndpoint_NamesAPermission_OrIsOpenByIntent()
    {
        using var nobody = new HttpClient { BaseAddress = server.Options.ApiUrl };
        foreach (var endpoint in ApiDescription.Parse(await http.GetStringAsync("/openapi.json")).Endpoints)
        {
            Assert.True((endpoint.Permission is null) == IsOpen(endpoint.Path), $"{endpoint}: {endpoint.Permission ?? "open"}");
            if (endpoint.Permission is null) continue;
            var path = endpoint.In("path").Aggregate(endpoint.Path, (p, x) => p.Replace($"{{{x.Name}}}", "x", StringComparison.Ordinal));
            using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), path);
            using var answer = await nobody.SendAsync(request);
            Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{endpoint}: {answer.StatusCode}");
        }
    }

    /// <summary>
    /// Whatever module maps an endpoint: a write takes effect once for its Idempotency-Key, or says why it may be sent again without one.
    /// RPC has keys of its own: a field of each request that writes a resource, and metadata of events.
    /// </summary>
    [Fact]
    public async Task EveryWrite_TakesAnIdempotencyKey_OrSaysWhyItMayBeRepeated()
    {
        var endpoints = ApiDescription.Parse(await http.GetStringAsync("/openapi.json")).Endpoints;
        foreach (var endpoint in endpoints.Where(e => !Rpc.Any(service => e.Path.StartsWith(service, StringComparison.Ordinal))))
        {
            var takesKey = endpoint.In("header").Any(p => p.Name == "Idempotency-Key");
            var isWrite = endpoint.Method is not ("GET" or "HEAD");
            Assert.True(isWrite == (takesKey ^ endpoint.Repeatable is { Length: > 0 }),
                $"{endpoint}: takes a key: {takesKey}; repeatable: {endpoint.Repeatable ?? "no"}");
        }
        var methods = ResourceRpcModule.Descriptor.Methods.Where(m => m.InputType.FindFieldByName("idempotency_key") is null)
            .Select(m => m.Name);
        Assert.Equal(["List", "Get", "History", "Watch"], methods);
        Assert.Equal(endpoints.Select(e => e.Path).Where(p => Rpc.Any(s => p.StartsWith(s, StringComparison.Ordinal)))
            .Select(p => p.Split('/')[1]).Distinct().Order(),
            Rpc.Select(s => s.Trim('/')).Order());
    }

    /// <summary>
    /// A key is read by each of them: one that cannot be a key is refused wherever the request comes that far, and nothing is written.
    /// </summary>
    [Fact]
    public async Task EveryWriteWithAKey_RefusesOneThatIsTooLong()
    {
        var known = api.Known ??= await FillAsync();
        var before = await SettledAsync();
        var refused = new List<string>();
        foreach (var endpoint in ApiDescription.Parse(await http.GetStringAsync("/openapi.json")).Endpoints.Where(
            e => e.In("header").Any(p => p.Name == "Idempotency-Key")))
        {
            var path = endpoint.In("path").Aggregate(
                endpoint.Path, (p, x) =>
                    p.Replace($"{{{x.Name}}}", known.GetValueOrDefault($"{{{x.Name}}}", "x"), StringComparison.Ordinal));
            using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), path);
            request.Headers.TryAddWithoutValidation("Idempotency-Key", new string('k', 201));
            if (endpoint.MediaType is { } type)
                request.Content = new StringContent(endpoint.Example?.ToJsonString() ?? "{}", Encoding.UTF8, type);
            using var answer = await http.SendAsync(request);
            Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{endpoint}: {answer.StatusCode}");
            if ((await answer.Content.ReadAsStringAsync()).Contains("Idempotency-Key", StringComparison.Ordinal))
                refused.Add(endpoint.ToString());
            else output.WriteLine($"{endpoint}: refused before its key, {answer.StatusCode}");
        }
        Assert.Equal(before, await SnapshotAsync());
        Assert.Empty(KeyedByIdentity.Except(refused));
    }

    /// <summary>They are not described, and answer nobody but other servers of the cloud.</summary>
    [Fact]
    public async Task EndpointsForServers_RefuseTheAdministrator()
    {
        Assert.DoesNotContain("/internal/", await http.GetStringAsync("/openapi.json"), StringComparison.Ordinal);
        using var call = await http.PostAsync("/internal/v1/compute/calls", new StringContent("{}"));
        using var members = await http.GetAsync("/internal/v1/compute/members");
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (call.StatusCode, members.StatusCode));
    }

    /// <summary>Health and reflection of gRPC, in each version, tell nothing of any organization.</summary>
    private static bool IsOpen(string path) =>
        Open.Contains(path) || path.StartsWith("/grpc.health.", StringComparison.Ordinal)
            || path.StartsWith("/grpc.reflection.", StringComparison.Ordinal);

    private async Task<Dictionary<string, string>> FillAsync()
    {
        await PostAsync("/api/v1/deployments", """{"name":"shop","project":"default","spec":{}}""");
        await PostAsync("/api/v1/webhooks", """{"name":"books","spec":{"url":"https://books.example"}}""");
        await PostAsync("/api/model/import/JSON/SAMPLE_DATA/book/1", """{"author":"Ada"}""");
        using (var locked = await http.PutAsync("/api/model/book/1/lock", null)) locked.EnsureSuccessStatusCode();
        using var created = await PostAsync("/api/entity/JSON/book/1", """{"author":"Ada"}""");
        using var search = await PostAsync("/api/search/async/book/1", """{"type":"group","operator":"AND","conditions":[]}""");
        var transactions = await created.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>();
        return new Dictionary<string, string>
        {
            ["organizations"] = "default",
            ["projects"] = "default",
            ["deployments"] = "shop",
            ["routes"] = "shop",
            ["webhooks"] = "books",
            ["{jobId}"] = (await search.Content.ReadFromJsonAsync<string>())!,
            ["{format}"] = "JSON",
            ["{dataFormat}"] = "JSON",
            ["{converter}"] = "SAMPLE_DATA",
            ["{changeLevel}"] = "TYPE",
            ["{entityName}"] = "book",
            ["{modelVersion}"] = "1",
            ["{entityId}"] = transactions[0].GetProperty("entityIds")[0].GetString()!,
            ["{transition}"] = "restart",
            ["{transactionId}"] = transactions[0].GetProperty("transactionId").GetString()!,
        };
    }

    /// <summary>The snapshot once controllers have done with what was filled in: when a second has changed nothing.</summary>
    private async Task<string> SettledAsync()
    {
        for (var tries = 0; tries < 30; tries++)
        {
            var before = await SnapshotAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));
            if (await SnapshotAsync() == before) return before;
        }
        throw new TimeoutException("The cloud does not come to rest: a controller goes on changing things.");
    }

    /// <summary>All that the API tells of what there is, revisions included.</summary>
    private async Task<string> SnapshotAsync()
    {
        var all = new StringBuilder();
        foreach (var list in Lists) all.AppendLine(await http.GetStringAsync($"/api/v1/{list}?limit=1000"));
        all.AppendLine(await http.GetStringAsync("/api/model/"));
        all.AppendLine(await http.GetStringAsync("/api/entity/book/1?pageSize=1000"));
        return all.ToString();
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return (await http.PostAsync(path, content)).EnsureSuccessStatusCode();
    }
}
