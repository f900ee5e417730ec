using System.Text.Json;

namespace Strata.Server.Tests.Security;

/// <summary>A second organization is created, used by its own people and by the operator, and is nobody else's.</summary>
public sealed class OrganizationTests(SecurityClouds clouds)
{
    [Fact]
    public async Task SecondOrganization_IsUsedByItsAdministrator_WithTheCommandLine()
    {
        var cloud = await clouds.InProcessAsync();
        (await cloud.RunAsAsync(cloud.B.Admin, "model", "import", "cli-note", """{"text":"x"}""")).ShouldSucceed();
        Assert.Contains("cli-note", (await cloud.RunAsAsync(cloud.B.Admin, "model", "list")).ShouldSucceed().Output);
        Assert.DoesNotContain("cli-note", (await cloud.RunAsAsync(cloud.A.Admin, "model", "list")).ShouldSucceed().Output);
        Assert.Equal(
            ["b"], [.. (await cloud.RunAsAsync(cloud.B.Admin, "orgs", "--json")).ShouldSucceed().Json.EnumerateArray()
                .Select(o => o.GetProperty("name").GetString()!)]);
    }

    [Fact]
    public async Task Operator_NamingTheOrganization_WorksInIt_AndItsAuditShowsWho()
    {
        var cloud = await clouds.InProcessAsync();
        (await cloud.RunAsync("api", "POST", "/api/v1/projects", "-d", """{"name":"by-operator","spec":{}}""", "--org", "b")).ShouldSucceed();
        var project = await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/projects/by-operator");
        Assert.Equal("operator:user:admin", project.Body.GetProperty("updatedBy").GetString());
        Assert.Contains("by-operator", (await cloud.RunAsync("get", "projects", "--org", "b")).ShouldSucceed().Output);
        Assert.DoesNotContain("by-operator", (await cloud.RunAsync("get", "projects")).ShouldSucceed().Output);
    }

    [Fact]
    public async Task Status_ForWhoIsNoOperator_ShowsNothingOfTheMachine()
    {
        var cloud = await clouds.InProcessAsync();
        var (status, operators) = await cloud.CallAsync(cloud.Operator, "GET", "/api/v1/status");
        Assert.Equal(200, status);
        var home = operators.GetProperty("home").GetString()!;
        Assert.True(operators.GetProperty("pid").GetInt32() > 0);
        foreach (var token in new[] { cloud.B.Admin, cloud.B.Developer, cloud.B.ProjectDeveloper })
        {
            var (_, body) = await cloud.CallAsync(token, "GET", "/api/v1/status");
            Assert.True(body.GetProperty("ok").GetBoolean());
            Assert.NotEqual("", body.GetProperty("version").GetString());
            foreach (var member in new[] { "home", "pid", "memoryBytes" })
                Assert.False(body.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null, member);
            Assert.Equal(0, body.GetProperty("background").GetArrayLength());
            Assert.DoesNotContain("process", body.GetRawText(), StringComparison.Ordinal);
            Assert.Equal(403, (await cloud.CallAsync(token, "GET", "/api/v1/metrics")).Status); // deployments and load of all organizations
            foreach (var path in new[] { "/api/v1/status", "/api/v1", "/api/v1/nodes", "/api/v1/organizations", "/healthz", "/readyz",
                "/openapi.json" })
            {
                using var http = cloud.Api(token);
                using var answer = await http.GetAsync(path);
                Assert.DoesNotContain(home, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
        Assert.Equal(0, (await cloud.RunAsAsync(cloud.B.Developer, "status")).ExitCode);
    }

    [Fact]
    public async Task Administrator_NamingAnotherOrganization_IsToldThatItDoesNotExist()
    {
        var cloud = await clouds.InProcessAsync();
        foreach (var path in new[] { "/api/v1/projects", "/api/entity/x/1", "/api/model/", "/api/v1/deployments", "/api/entity/feed",
            "/api/v1/status" })
        {
            Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"{path}?org=a")).Status);
            Assert.Equal(404, (await cloud.CallAsync(cloud.B.Admin, "GET", $"{path}?org={cloud.A.Id}")).Status);
        }
        Assert.NotEqual(0, (await cloud.RunAsAsync(cloud.B.Admin, "orgs", "create", "mine")).ExitCode);
    }
}
