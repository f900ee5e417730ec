using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.BadInputs;

namespace Strata.Server.Tests.Security;

/// <summary>
/// A token of the project p2, with every permission there is, meets what belongs to the project default and to the organization: on every
/// operation that the product describes, by the ids of what is there.
/// </summary>
public sealed class ProjectScopeTests(SecurityClouds clouds)
{
    private const string Secret = "s3cr3t-of-default";

    [Fact]
    public async Task EveryOperation_WithATokenOfAnotherProject_RefusesAndShowsNothing()
    {
        var cloud = await clouds.InProcessAsync();
        var known = await FillAsync(cloud, "walk");
        var outsider = await TokenAsync(cloud, """{"name":"walk-p2","spec":{"roles":["admin"],"project":"p2"}}""");
        var before = await SeenAsync(cloud, known);
        var faults = new List<string>();
        var walked = 0;
        using var http = cloud.Api(outsider);
        foreach (var endpoint in ApiDescription.Parse(await http.GetStringAsync("/openapi.json")).Endpoints.Where(
            e => e.Permission is not null))
        {
            using var request = ToRequest(endpoint, known);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var isStream = answer.Content.Headers.ContentType?.MediaType == "text/event-stream";
            var body = isStream ? "" : await answer.Content.ReadAsStringAsync();
            var status = (int)answer.StatusCode;
            if (body.Contains(Secret, StringComparison.Ordinal)) faults.Add($"{endpoint}: {status} shows the secret");
            if (Names(endpoint, known) && status is not (403 or 404)) faults.Add($"{endpoint}: {status} {body}");
            walked++;
        }
        Assert.True(walked > 100, $"only {walked} operations");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Equal(before, await SeenAsync(cloud, known));
    }

    [Fact]
    public async Task Application_ReachesItsProjectsModels_AndThoseThatAreGivenToIt()
    {
        var cloud = await clouds.InProcessAsync();
        var own = await TokenAsync(cloud, """{"name":"scope-app","spec":{"roles":["application"],"project":"p2"}}""");
        await ImportAsync(cloud, own, "scope-own");
        Assert.Equal(200, (await cloud.CallAsync(own, "POST", "/api/entity/JSON/scope-own/1", """{"text":"mine"}""")).Status);
        Assert.Equal(200, (await cloud.CallAsync(own, "POST", "/api/search/direct/scope-own/1", """{"type":"group","operator":"AND","conditions":[]}""")).Status);
        // the organization's own tokens reach all
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Developer, "GET", "/api/entity/scope-own/1")).Status);

        await ImportAsync(cloud, cloud.A.Admin, "scope-given");
        var id = await CreateAsync(cloud, cloud.A.Admin, "scope-given");
        Assert.Equal(404, (await cloud.CallAsync(own, "GET", $"/api/entity/{id}")).Status);
        (await cloud.RunAsAsync(cloud.A.Admin, "model", "project", "scope-given", "p2")).ShouldSucceed();
        Assert.Equal(200, (await cloud.CallAsync(own, "GET", $"/api/entity/{id}")).Status);
        Assert.Equal(403, (await cloud.CallAsync(own, "PUT", "/api/model/scope-given/1/project", """{"project":null}""")).Status);
        (await cloud.RunAsAsync(cloud.A.Admin, "model", "project", "scope-given")).ShouldSucceed();
        Assert.Equal(404, (await cloud.CallAsync(own, "GET", $"/api/entity/{id}")).Status);
    }

    /// <summary>What names its models and entities in the body, and RPC, which has no path.</summary>
    [Fact]
    public async Task BodiesAndEvents_NamingWhatIsAnotherProjects_AreRefused()
    {
        var cloud = await clouds.InProcessAsync();
        var known = await FillAsync(cloud, "body");
        var outsider = await TokenAsync(cloud, """{"name":"body-p2","spec":{"roles":["admin"],"project":"p2"}}""");
        var (id, model) = (known["{entityId}"], known["{entityName}"]);
        foreach (var (method, body) in new[]
        {
            ("POST", $$"""[{"model":{"name":"{{model}}","version":1},"payload":"{\"text\":\"forged\"}"}]"""),
            ("PUT", $$"""[{"id":"{{id}}","payload":"{\"text\":\"forged\"}"}]"""),
        })
        {
            var written = await cloud.CallAsync(outsider, method, "/api/entity/JSON", body);
            Assert.DoesNotContain("\"entityIds\":[\"", written.Body.ValueKind == JsonValueKind.Undefined ? "" : written.Body.GetRawText(),
                StringComparison.Ordinal);
        }
        Assert.Equal(403, (await cloud.CallAsync(outsider, "POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", """{"other":1}""")).Status);
        var data = JsonSerializer.Serialize($$"""{"id":"x","entityId":"{{id}}"}""");
        var got = await cloud.CallAsync(
            outsider, "POST", "/org.cyoda.cloud.api.grpc.CloudEventsService/entityManage",
            $$"""{"id":"1","source":"test","specVersion":"1.0","type":"EntityGetRequest","textData":{{data}}}""");
        Assert.DoesNotContain(Secret, got.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("ENTITY_NOT_FOUND", got.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(
            Secret, (await cloud.CallAsync(cloud.A.Admin, "GET", $"/api/entity/{id}")).Body.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>
    /// Resources in the project default, business data of it and of the organization; each by the name of the parameter that takes its id.
    /// </summary>
    private static async Task<Dictionary<string, string>> FillAsync(SecurityCloud cloud, string name)
    {
        var inside = await TokenAsync(
            cloud, JsonSerializer.Serialize(
                new { name = name + "-default", spec = new { roles = new[] { "admin" }, project = "default" } }));
        var deployment = JsonSerializer.Serialize(
            new { name = $"{name}-shop", project = "default", spec = new { env = new Dictionary<string, string> { ["KEY"] = Secret } } });
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/deployments", deployment)).Status);
        var model = $"{name}-secret";
        await ImportAsync(cloud, inside, model);
        var entity = await CreateAsync(cloud, inside, model);
        var trail = await cloud.CallAsync(cloud.A.Admin, "GET", $"/api/entity/{entity}/changes");
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/webhooks", $$$"""{"name":"{{{name}}}-hook","spec":{"url":"https://books.example/{{{Secret}}}"} }""")).Status);
        var job = await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/search/async/{model}/1", """{"type":"group","operator":"AND","conditions":[]}""");
        var message = await cloud.CallAsync(cloud.A.Admin, "POST", "/api/message/new/letters", $$$"""{"payload":{"text":"{{{Secret}}}"}, "metaData":{} }""");
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Secret)));
        Assert.Equal(
            201, (await cloud.CallAsync(cloud.A.Admin, "PUT", $"/api/v1/blobs/{digest}", Secret, "application/octet-stream")).Status);
        return new Dictionary<string, string>
        {
            ["{entityName}"] = model,
            ["{modelVersion}"] = "1",
            ["{entityId}"] = entity,
            ["{transactionId}"] = trail.Body[0].GetProperty("transactionId").GetString()!,
            ["{jobId}"] = job.Body.GetString()!,
            ["{messageId}"] = message.Body[0].GetProperty("entityIds")[0].GetString()!,
            ["{digest}"] = digest,
            ["deployments"] = $"{name}-shop",
            ["webhooks"] = $"{name}-hook",
            ["tokens"] = $"{name}-default",
            ["projects"] = "default",
        };
    }

    private static HttpRequestMessage ToRequest(DescribedEndpoint endpoint, Dictionary<string, string> known)
    {
        var path = endpoint.Path;
        foreach (var parameter in endpoint.In("path"))
        {
            var segment = $"{{{parameter.Name}}}";
            var value = segment switch
            {
                "{nameOrId}" => known.GetValueOrDefault(endpoint.Path.Split('/')[3], "x"),
                "{format}" or "{dataFormat}" => "JSON",
                "{converter}" => "SAMPLE_DATA",
                "{changeLevel}" => "TYPE",
                "{transition}" => "UPDATE",
                _ => known.GetValueOrDefault(segment, "x"),
            };
            path = path.Replace(segment, Uri.EscapeDataString(value), StringComparison.Ordinal);
        }
        if (path.Contains("/platform-api/", StringComparison.Ordinal))
            path += $"?entityId={known["{entityId}"]}&entityClass=x&transitionName=UPDATE".Replace(
                endpoint.Method == "GET" ? "&transitionName=UPDATE" : "!", "", StringComparison.Ordinal);
        var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), path);
        request.Headers.TryAddWithoutValidation("If-Match", endpoint.In("header").Any(p => p.Name == "If-Match") ? "*" : null);
        if (endpoint.MediaType is { } type)
        {
            var (body, sent) = type.EndsWith("json", StringComparison.Ordinal) ? ("{}", type)
                : type.EndsWith("xml", StringComparison.Ordinal) ? ("<x><text>x</text></x>", type) : ("x", "application/octet-stream");
            request.Content = new StringContent(body, Encoding.UTF8, sent);
        }
        return request;
    }

    /// <summary>
    /// Whether the path of the request names something of another project: then only "forbidden" and "does not exist" will do.
    /// </summary>
    private static bool Names(DescribedEndpoint endpoint, Dictionary<string, string> known) =>
        endpoint.Method is not "PUT" || !endpoint.Path.Contains("{digest}", StringComparison.Ordinal)
            ? endpoint.In("path").Any(p => known.ContainsKey($"{{{p.Name}}}"))
            || (endpoint.Path.Contains("{nameOrId}", StringComparison.Ordinal) && known.ContainsKey(endpoint.Path.Split('/')[3]))
            : false; // a put proves that the content is there already

    private static async Task<string> SeenAsync(SecurityCloud cloud, Dictionary<string, string> known)
    {
        var seen = new StringBuilder();
        foreach (var path in new[]
        {
            $"/api/entity/{known["{entityId}"]}/changes", $"/api/model/export/SIMPLE_VIEW/{known["{entityName}"]}/1",
            $"/api/v1/webhooks/{known["webhooks"]}",
            $"/api/v1/tokens/{known["tokens"]}", $"/api/v1/deployments/{known["deployments"]}/history", "/api/v1/projects/default",
        })
        {
            var (status, body) = await cloud.CallAsync(cloud.A.Admin, "GET", path);
            seen.AppendLine($"{path}: {status} {(body.ValueKind == JsonValueKind.Undefined ? "" : body.GetRawText())}");
        }
        return seen.ToString();
    }

    private static async Task ImportAsync(SecurityCloud cloud, string token, string model)
    {
        Assert.Equal(200, (await cloud.CallAsync(token, "POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", """{"text":"x"}""")).Status);
        Assert.Equal(200, (await cloud.CallAsync(token, "PUT", $"/api/model/{model}/1/lock")).Status);
    }

    private static async Task<string> CreateAsync(SecurityCloud cloud, string token, string model)
    {
        var made = await cloud.CallAsync(token, "POST", $"/api/entity/JSON/{model}/1", $$"""{"text":"{{Secret}}"}""");
        return made.Body[0].GetProperty("entityIds")[0].GetString()!;
    }

    private static async Task<string> TokenAsync(SecurityCloud cloud, string body)
    {
        var made = await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/tokens", body);
        Assert.Equal(201, made.Status);
        return made.Body.GetProperty("token").GetString()!;
    }
}
