using System.Security.Cryptography;
using System.Text;

namespace Strata.Server.Tests.Security;

/// <summary>What the tokens of the cloud's own parts open, and what tenants can do to nodes.</summary>
public sealed class NodeCredentialTests(SecurityClouds clouds)
{
    [Fact]
    public async Task Tenant_CannotTakeTheLeaseOfANode()
    {
        var cloud = await clouds.InProcessAsync();
        var node = (await cloud.RunAsync("get", "nodes", "-q")).ShouldSucceed().Output.Trim();
        foreach (var token in new[] { cloud.B.Admin, cloud.B.Developer, cloud.Operator, PartToken(cloud, "edge") })
            Assert.Equal(403, (await cloud.CallAsync(token, "POST", $"/api/v1/nodes/{node}/heartbeat")).Status);
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("edge")]
    public async Task Part_ReadsNothingOfTenantsBeyondItsWork(string part)
    {
        var cloud = await clouds.InProcessAsync();
        var token = PartToken(cloud, part);
        foreach (var path in new[] { "deployments", "releases", "projects", "tokens", "webhooks", "clients", "organizations" })
            Assert.True((await cloud.CallAsync(token, "GET", $"/api/v1/{path}?org=b")).Status is 403 or 404, path);
        foreach (var path in new[] { "/api/model/", "/api/entity/feed", "/api/export", "/api/clients", "/api/entity/x/1" })
            Assert.True((await cloud.CallAsync(token, "GET", path)).Status is 403 or 404, path);
        var source = $"a source of {part}";
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)));
        Assert.Equal(
            201, (await cloud.CallAsync(cloud.B.Developer, "PUT", $"/api/v1/blobs/{digest}", source, "application/octet-stream")).Status);
        Assert.Equal(404, (await cloud.CallAsync(token, "GET", $"/api/v1/blobs/{digest}?org=b")).Status);
    }

    private static string PartToken(SecurityCloud cloud, string part) =>
        File.ReadAllText(Path.Combine(cloud.Home, "run", part + ".token")).Trim();
}
