using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>Several organizations in one cloud: how they are created, and how an operator works in each.</summary>
public sealed class OrganizationTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Create_ByAnOperator_MakesTheDefaultProject_AlsoWhenSentAgain()
    {
        for (var sent = 0; sent < 2; sent++)
        {
            var made = await http.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"second","spec":{}}""", headers: ("Idempotency-Key", "k1"));
            Assert.Equal(201, made.Status);
        }
        Assert.Equal("ACTIVE", (await http.SendJsonAsync("GET", "/api/v1/projects/default?org=second")).Text("state"));
        Assert.Equal(409, (await http.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"second","spec":{}}""")).Status);
    }

    [Fact]
    public async Task Organization_Created_IsUsedByItsFirstAdministrator()
    {
        await http.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"second","spec":{}}""");
        var issued = await http.SendJsonAsync("POST", "/api/v1/tokens?org=second", """{"name":"admin","spec":{"roles":["admin"]}}""");
        using var admin = host.Client(issued.Text("token"));
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"w","project":"default","spec":{}}""")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("GET", "/api/v1/widgets/w")).Status);
        Assert.Equal(403, (await admin.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"third","spec":{}}""")).Status);
    }

    [Fact]
    public async Task Token_OfAnOrganizationThatIsDeleted_IsRefusedAtOnce()
    {
        await http.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"ended","spec":{}}""");
        var issued = await http.SendJsonAsync("POST", "/api/v1/tokens?org=ended", """{"name":"admin","spec":{"roles":["admin"]}}""");
        using var admin = host.Client(issued.Text("token"));
        Assert.Equal(200, (await admin.SendJsonAsync("GET", "/api/v1/projects")).Status); // and is remembered
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/projects/default?org=ended")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/organizations/ended")).Status);
        await Wait.UntilAsync(async () => (await admin.SendJsonAsync("GET", "/api/v1/projects")).Status == 401, "the token is refused");
        Assert.Equal(401, (await admin.SendJsonAsync("POST", "/api/v1/projects", """{"name":"late","spec":{}}""")).Status);
    }

    [Fact]
    public async Task Delete_OfTheCallersOwnOrganization_IsRefused_AndItStaysInUse()
    {
        var own = (await http.SendJsonAsync("GET", "/api/v1/projects/web")).Text("org");
        var refused = await http.SendJsonAsync("DELETE", $"/api/v1/organizations/{own}");
        Assert.Equal((409, "ORGANIZATION_NEEDED"), (refused.Status, refused.Code));
        Assert.Equal("ACTIVE", (await http.SendJsonAsync("GET", $"/api/v1/organizations/{own}")).Text("state"));
    }

    [Fact]
    public async Task Delete_OfAnOrganizationWithProjects_IsRefused_WithoutMarkingIt()
    {
        var before = await http.SendJsonAsync("GET", "/api/v1/organizations/other");
        var refused = await http.SendJsonAsync("DELETE", "/api/v1/organizations/other");
        Assert.Equal((409, "NOT_EMPTY"), (refused.Status, refused.Code));
        Assert.Contains("--org other", refused.Text("next"), StringComparison.Ordinal);
        Assert.Equal(before.Headers.ETag, (await http.SendJsonAsync("GET", "/api/v1/organizations/other")).Headers.ETag);
    }

    [Fact]
    public async Task Operator_NamingAnOrganization_WorksInIt_AndIsNamedInItsHistory()
    {
        var made = await http.SendJsonAsync("POST", "/api/v1/widgets?org=other", """{"name":"w","project":"web","spec":{}}""");
        Assert.Equal(host.OtherOrg.ToString(), made.Text("org"));
        Assert.Equal("operator:token:admin", made.Text("updatedBy"));
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"/api/v1/widgets/w?org={host.OtherOrg}")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("GET", "/api/v1/widgets/w")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("GET", "/api/v1/widgets/w?org=nowhere")).Status);
    }

    [Theory]
    [InlineData("admin", null)]
    [InlineData("operator", "web")] // an operator whose token is for one project stays in it
    public async Task OthersNamingAnOrganization_AreToldThatItDoesNotExist(string role, string? project)
    {
        var id = project is null ? null : (await http.SendJsonAsync("GET", $"/api/v1/projects/{project}")).Text("id");
        using var weak = host.Client(await host.TokenAsync(host.Org, "weak", ["viewer", role], id));
        Assert.Equal(404, (await weak.SendJsonAsync("GET", "/api/v1/widgets?org=other")).Status);
        Assert.Equal(200, (await weak.SendJsonAsync("GET", "/api/v1/widgets?org=default")).Status);
    }
}
