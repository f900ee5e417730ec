using System.Net;
using System.Text;
using System.Text.Json;

namespace Strata.Server.Tests.Security;

/// <summary>
/// What the edge and the nodes believe is written by the platform's own parts only; what is hidden cannot be found out by asking.
/// </summary>
public sealed class ControlTests(SecurityClouds clouds)
{
    /// <summary>An administrator of an organization has everything in it, but not what the platform's parts report.</summary>
    [Theory]
    [InlineData("releases", """{"status":{"image":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}""")]
    [InlineData("routes", """{"status":{"targets":[{"release":"rel_00000000000000000000000000","weight":1}]}}""")]
    [InlineData("instances", """{"status":{"address":"127.0.0.1","port":22}}""")]
    [InlineData("deployments", """{"status":{"release":"rel_00000000000000000000000000"}}""")]
    [InlineData("tunnels", """{"status":{"host":"x.localhost","address":"127.0.0.1","port":22}}""")]
    [InlineData("tokens", """{"status":{"secretHash":"x"}}""")]
    [InlineData("nodes", """{"status":{"address":"127.0.0.1"}}""")]
    public async Task Status_OfAnyKind_IsNotATenantsToWrite(string plural, string patch)
    {
        var cloud = await clouds.InProcessAsync();
        foreach (var token in (string[])[cloud.B.Admin, cloud.B.Developer, cloud.B.ProjectDeveloper])
        {
            var answer = await cloud.CallAsync(token, "PATCH", $"/api/v1/{plural}/whatever", patch, "application/merge-patch+json");
            Assert.True(answer.Status is 403 or 405, $"{plural}: {answer.Status}");
        }
    }

    [Theory]
    [InlineData("instances", "ready")]
    [InlineData("instances", "place")]
    [InlineData("releases", "finish")]
    [InlineData("deployments", "promote")]
    [InlineData("deployments", "settle")]
    [InlineData("tunnels", "connect")]
    [InlineData("projects", "begin-delete")]
    public async Task Transition_OfThePlatform_IsNotATenantsToTake(string plural, string transition)
    {
        var cloud = await clouds.InProcessAsync();
        Assert.Equal(403, (await cloud.CallAsync(cloud.B.Admin, "POST", $"/api/v1/{plural}/whatever/transitions/{transition}")).Status);
    }

    [Fact]
    public async Task Instance_IsNotATenantsToCreateOrToMove()
    {
        var cloud = await clouds.InProcessAsync();
        var instance = """{"name":"x","project":"default","spec":{"deployment":"dep_00000000000000000000000000","release":"rel_00000000000000000000000000","image":"sha256:00","command":["x"]}}""";
        Assert.Equal(403, (await cloud.CallAsync(cloud.B.Admin, "POST", "/api/v1/instances", instance)).Status);
        Assert.Equal(403, (await cloud.CallAsync(cloud.B.Admin, "PATCH", "/api/v1/instances/x", """{"spec":{"node":"node-1"}}""", "application/merge-patch+json")).Status);
        Assert.Equal(403, (await cloud.CallAsync(cloud.B.Admin, "POST", "/api/v1/tokens", """{"name":"an-agent","spec":{"roles":["agent"]}}""")).Status);
    }

    [Fact]
    public async Task HiddenField_CannotBeProbed_OnAnyPath()
    {
        var cloud = await clouds.InProcessAsync();
        foreach (var (plural, member) in new[] { ("tokens", "secretHash"), ("clients", "secretHash"), ("webhooks", "secret"),
            ("keypairs", "privateKey") })
        {
            foreach (var path in (string[])[$"$.status.{member}", $"$['status'].{member}", $"$.status[*].{member}",
                $"$[0].status.{member}", "$.status"])
            {
                var where = Uri.EscapeDataString($$"""{"type":"simple","jsonPath":"{{path}}","operatorType":"STARTS_WITH","value":"a"}""");
                Assert.Equal(400, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/v1/{plural}?where={where}")).Status);
                Assert.Equal(400, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/v1/{plural}?watch=true&where={where}")).Status);
                Assert.Equal(400, await ListByRpcAsync(cloud, plural, new { where = Uri.UnescapeDataString(where) }));
            }
            Assert.Equal(400, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/v1/{plural}?status.{member}=a")).Status);
            Assert.Equal(
                400, await ListByRpcAsync(cloud, plural, new { fields = new Dictionary<string, string> { [$"status.{member}"] = "a" } }));
        }
    }

    /// <summary>
    /// The platform's resources lie in the organization's log beside its business data; the entity API knows none of them.
    /// </summary>
    [Fact]
    public async Task EntityApi_KnowsNoModelOfThePlatform()
    {
        var cloud = await clouds.InProcessAsync();
        var condition = """{"type":"simple","jsonPath":"$.status.secretHash","operatorType":"STARTS_WITH","value":"a"}""";
        foreach (var model in (string[])["strata.token", "STRATA.token", "strata.client", "strata.webhook"])
        {
            foreach (var (method, path) in new[]
            {
                ("POST", $"/api/search/direct/{model}/1"), ("POST", $"/api/search/async/{model}/1"),
                ("POST", $"/api/entity/stats/{model}/1/query"),
                ("GET", $"/api/entity/{model}/1"), ("GET", $"/api/entity/stats/{model}/1"),
            })
            {
                var answer = await cloud.CallAsync(cloud.B.Admin, method, path, method == "POST" ? condition : null);
                Assert.True(answer.Status is >= 400 and < 500, $"{method} {path}: {answer.Status}");
            }
        }
        var token = (await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/tokens")).Body.GetProperty("items")[0].GetProperty("id")
            .GetString()!;
        Assert.True(Core.IdText.TryParse("tok", token, out var id));
        Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/entity/{id}")).Status);
        Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/entity/{id}/why")).Status);
        Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/audit/entity/{id}")).Status);
    }

    [Fact]
    public async Task PlatformKinds_AreReadByOperatorsOnly()
    {
        var cloud = await clouds.InProcessAsync();
        var node = (await cloud.CallAsync(cloud.Operator, "GET", "/api/v1/nodes")).Body.GetProperty("items")[0]
            .GetProperty("name").GetString();
        Assert.Empty((await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/nodes")).Body.GetProperty("items").EnumerateArray());
        Assert.Empty((await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/keypairs")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/v1/nodes/{node}")).Status);
        Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"/api/v1/nodes/{node}/history")).Status);
        Assert.Single((await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/organizations")).Body.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Blob_OfAnotherOrganizationOrProject_IsNotThere()
    {
        var cloud = await clouds.InProcessAsync();
        var content = "only the project p2 of a may read this"u8.ToArray();
        var path = "/api/v1/blobs/sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        Assert.Equal(201, await PutAsync(cloud, cloud.A.Admin, path, content));
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "GET", path)).Status);
        await cloud.CallAsync(cloud.A.ProjectDeveloper, "POST", "/api/v1/deployments", """{"name":"blob-reader","project":"p2","spec":{}}""");
        var release = $$$$"""{"name":"blob-reader","project":"p2","spec":{"deployment":"blob-reader","source":{"archive":"{{{{path[(path.LastIndexOf('/') + 1)..]}}}}"}}}""";
        foreach (var token in (string[])[cloud.B.Admin, cloud.B.ProjectDeveloper, cloud.A.ProjectDeveloper])
        {
            Assert.True((await cloud.CallAsync(token, "GET", path)).Status is 403 or 404);
            Assert.Equal(404, (await cloud.CallAsync(token, "HEAD", path)).Status);
        }
        Assert.Equal(400, (await cloud.CallAsync(cloud.A.ProjectDeveloper, "POST", "/api/v1/releases", release)).Status);
        Assert.Equal(201, await PutAsync(cloud, cloud.A.ProjectDeveloper, path, content));
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.ProjectDeveloper, "HEAD", path)).Status);
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.ProjectDeveloper, "POST", "/api/v1/releases", release)).Status);
    }

    private static async Task<int> PutAsync(SecurityCloud cloud, string token, string path, byte[] content)
    {
        using var http = cloud.Api(token);
        using var body = new ByteArrayContent(content);
        using var answer = await http.PutAsync(path, body);
        return (int)answer.StatusCode;
    }

    private static async Task<int> ListByRpcAsync(SecurityCloud cloud, string plural, object filter)
    {
        using var http = cloud.Api(cloud.B.Admin);
        using var body = new StringContent(JsonSerializer.Serialize(new { kind = plural, filter }), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/strata.v1.ResourceService/List", body);
        return answer.StatusCode == HttpStatusCode.OK ? 200 : (int)answer.StatusCode;
    }
}
