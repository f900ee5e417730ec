namespace Strata.Server.Tests.Security;

/// <summary>Nobody receives what is meant for somebody else's host, and nothing in a spec points at what is not the caller's.</summary>
public sealed class RouteTests(SecurityClouds clouds)
{
    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Route_WithAnotherOrganizationsHost_IsRefused_BeforeAndAfterItDeploys(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        var (mine, theirs) = (await DeploymentAsync(cloud, cloud.B.Admin, "hijack"), await DeploymentAsync(cloud, cloud.A.Admin, "victim"));
        foreach (var host in (string[])["victim.a.localhost", "later.a.localhost", "welcome.localhost", "x.y.a.localhost", "localhost"])
            Assert.Equal(409, await RouteAsync(cloud, cloud.B.Admin, "h", host, "/login", mine));
        Assert.Equal(201, await RouteAsync(cloud, cloud.A.Admin, "real", "shop.example.org", "/", theirs));
        var taken = await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/routes", Route("h", "shop.example.org", "/login", mine));
        Assert.Equal((409, "HOST_TAKEN"), (taken.Status, taken.Body.GetProperty("code").GetString()));
        Assert.DoesNotContain(cloud.A.Id, taken.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "DELETE", "/api/v1/routes/real")).Status);
        Assert.Equal(201, await RouteAsync(cloud, cloud.B.Admin, "h", "shop.example.org", "/login", mine));
        Assert.Equal(200, (await cloud.CallAsync(cloud.B.Admin, "DELETE", "/api/v1/routes/h")).Status);
    }

    [Fact]
    public async Task Route_WithAnotherProjectsHost_IsRefused()
    {
        var cloud = await clouds.InProcessAsync();
        var owner = await DeploymentAsync(cloud, cloud.A.Admin, "project-host");
        var rival = await DeploymentAsync(cloud, cloud.A.ProjectDeveloper, "project-rival", "p2");
        Assert.Equal(201, await RouteAsync(cloud, cloud.A.Admin, "owner", "projects.example.org", "/", owner));
        Assert.Equal(201, await RouteAsync(cloud, cloud.A.Admin, "owner-docs", "projects.example.org", "/docs", owner));
        Assert.Equal(409, await RouteAsync(cloud, cloud.A.Admin, "owner-again", "projects.example.org", "/docs", owner));
        Assert.Equal(409, await RouteAsync(cloud, cloud.A.ProjectDeveloper, "rival", "projects.example.org", "/login", rival, "p2"));
        Assert.Equal(409, await RouteAsync(cloud, cloud.A.ProjectDeveloper, "rival", "project-host.a.localhost", "/login", rival, "p2"));
    }

    [Fact]
    public async Task Reference_ToWhatIsNotTheCallers_IsRefused_InEveryKind()
    {
        var cloud = await clouds.InProcessAsync();
        var foreign = await DeploymentAsync(cloud, cloud.A.Admin, "reference-target");
        var own = await DeploymentAsync(cloud, cloud.B.Admin, "reference-own");
        var neighbour = await DeploymentAsync(cloud, cloud.B.Admin, "reference-neighbour", "p2");
        Assert.Equal(201, await RouteAsync(cloud, cloud.B.Admin, "by-name", "by-name.example.org", "/", "reference-own"));
        var route = await cloud.CallAsync(cloud.B.Admin, "GET", "/api/v1/routes/by-name");
        Assert.Equal(own, route.Body.GetProperty("spec").GetProperty("deployment").GetString());
        foreach (var target in (string[])[foreign, neighbour, "reference-target", "reference-neighbour", "nothing",
            "dep_00000000000000000000000000"])
        {
            Assert.Equal(400, await RouteAsync(cloud, cloud.B.Admin, "wrong", "wrong.example.org", "/", target));
            Assert.Equal(400, (await PatchAsync(cloud, cloud.B.Admin, "routes/by-name", $$$"""{"spec":{"deployment":"{{{target}}}"}}""")).Status);
            var digest = "sha256:" + new string('0', 64);
            var release = $$$$"""{"name":"wrong","project":"default","spec":{"deployment":"{{{{target}}}}","source":{"archive":"{{{{digest}}}}"}}}""";
            Assert.Equal(400, (await cloud.CallAsync(cloud.B.Admin, "POST", "/api/v1/releases", release)).Status);
        }
        foreach (var release in (string[])["rel_00000000000000000000000000", "nothing"])
        {
            Assert.Equal(400, (await PatchAsync(cloud, cloud.B.Admin, "deployments/reference-own", $$$"""{"spec":{"release":"{{{release}}}"}}""")).Status);
            var born = $$$"""{"name":"born","project":"default","spec":{"release":"{{{release}}}"}}""";
            var refused = await cloud.CallAsync(cloud.B.Admin, "POST", "/api/v1/deployments", born);
            Assert.Equal((400, "spec.release"), (refused.Status, refused.Body.GetProperty("errors")[0].GetProperty("field").GetString()));
        }
    }

    private static Task<(int Status, System.Text.Json.JsonElement Body)> PatchAsync(
        SecurityCloud cloud, string token, string path, string body) =>
        cloud.CallAsync(token, "PATCH", "/api/v1/" + path, body, "application/merge-patch+json");

    private static async Task<string> DeploymentAsync(SecurityCloud cloud, string token, string name, string project = "default")
    {
        var made = await cloud.CallAsync(token, "POST", "/api/v1/deployments", $$$"""{"name":"{{{name}}}","project":"{{{project}}}","spec":{}}""");
        Assert.Equal(201, made.Status);
        return made.Body.GetProperty("id").GetString()!;
    }

    private static async Task<int> RouteAsync(
        SecurityCloud cloud, string token, string name, string host, string path, string deployment, string project = "default") =>
        (await cloud.CallAsync(token, "POST", "/api/v1/routes", Route(name, host, path, deployment, project))).Status;

    private static string Route(string name, string host, string path, string deployment, string project = "default") =>
        $$$"""{"name":"{{{name}}}","project":"{{{project}}}","spec":{"host":"{{{host}}}","path":"{{{path}}}","deployment":"{{{deployment}}}"}}""";
}
