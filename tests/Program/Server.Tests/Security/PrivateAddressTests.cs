using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Strata.Server.Tests.Security;

/// <summary>
/// In a cloud as it starts by itself, nobody makes the server read this machine or speak to what listens on it. Nothing is sent beyond
/// loopback.
/// </summary>
public sealed class PrivateAddressTests(SecurityClouds clouds)
{
    [Fact]
    public async Task Webhook_ToThisMachine_IsNeverConnected()
    {
        var cloud = await clouds.InProcessAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        Assert.Equal(200, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/model/import/JSON/SAMPLE_DATA/private-note/1", """{"text":"x"}""")).Status);
        Assert.Equal(200, (await cloud.CallAsync(cloud.B.Developer, "PUT", "/api/model/private-note/1/lock")).Status);
        var hook = JsonSerializer.Serialize(new { name = "inwards", spec = new { url, attempts = 1 } });
        Assert.Equal(201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/webhooks", hook)).Status);
        Assert.Equal(200, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/webhooks/inwards/secret")).Status);
        Assert.Equal(200, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/entity/JSON/private-note/1", """{"text":"out"}""")).Status);
        await Wait.UntilAsync(
            async () => (await cloud.CallAsync(cloud.B.Developer, "GET", "/api/v1/webhooks/inwards/deliveries")).Body.GetRawText()
                .Contains("public internet", StringComparison.Ordinal),
            "the delivery is refused");
        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData("file:///etc")]
    [InlineData("FILE:///etc")]
    [InlineData(" file:///etc")]
    public async Task Release_OfAFileOfTheServer_IsRefusedToTenants(string url)
    {
        var cloud = await clouds.InProcessAsync();
        var name = "file-" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N")[20..];
        Assert.Equal(
            201, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/deployments",
                JsonSerializer.Serialize(new { name, project = "default", spec = new { } }))).Status);
        var release = JsonSerializer.Serialize(
            new { name = name + "-1", project = "default", spec = new { deployment = name, source = new { git = new { url } } } });
        Assert.Equal(400, (await cloud.CallAsync(cloud.B.Developer, "POST", "/api/v1/releases", release)).Status);
    }

    /// <summary>An operator too must have asked for it when the cloud was started.</summary>
    [Theory]
    [InlineData("file:///etc")]
    [InlineData("http://127.0.0.1:9/x.git")]
    [InlineData("http://[::1]:9/x.git")]
    public async Task Deploy_FromThisMachine_FailsUnlessAskedFor(string url)
    {
        var cloud = await clouds.InProcessAsync();
        var deployed = await cloud.RunAsync(
            "deploy", url, "--name", "here-" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N")[20..]);
        Assert.NotEqual(0, deployed.ExitCode);
        Assert.Contains("--private-git on", deployed.Error + deployed.Output, StringComparison.Ordinal);
    }
}
