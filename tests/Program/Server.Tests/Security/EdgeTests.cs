using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>What the edge does with what applications, clients and statuses say, in both of its modes.</summary>
public sealed class EdgeTests(SecurityClouds clouds)
{
    /// <summary>Sends interim answers without end at /hints, and elsewhere the head that it was sent.</summary>
    private const string Application = """
        const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
        require('node:net').createServer(socket => {
          socket.on('error', () => {});
          const flood = () => { while (!socket.destroyed && socket.write(hint)); if (!socket.destroyed) socket.once('drain', flood); };
          socket.on('data', data => {
            const head = data.toString('latin1');
            if (head.startsWith('GET /hints')) return flood();
            socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ' + head.length + '\r\n\r\n' + head);
          });
        }).listen(process.env.PORT, process.env.HOST);
        """;

    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task InterimAnswers_WithoutEnd_Are502(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        await DeployAsync(cloud, cloud.B, "endless");
        using var http = cloud.Edge("endless.b");
        using var answer = await http.GetAsync("/hints");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.StartsWith("GET /", await http.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Header_ThatCgiWouldTakeForTheEdges_DoesNotArrive(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        await DeployAsync(cloud, cloud.B, "headers");
        using var http = cloud.Edge("headers.b");
        string[] forged = ["X_Forwarded_For", "x_real-ip", "X-Forwarded_Proto", "X.Forwarded.Host", "X-Forwarded-For", "X-Request-Id",
            "Proxy", "Proxy-Authorization"];
        foreach (var name in forged) Assert.True(http.DefaultRequestHeaders.TryAddWithoutValidation(name, "forged"));
        http.DefaultRequestHeaders.Add("X-Plain", "kept");
        var seen = await http.GetStringAsync("/");
        Assert.DoesNotContain("forged", seen, StringComparison.Ordinal);
        Assert.Contains("X-Plain: kept", seen, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>An administrator's token changes nothing of where the edge connects to, nor whose files and layers are served.</summary>
    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Status_ThatIsForged_IsRefused_AndLeadsNoRequestElsewhere(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        using var secret = new AppFolder(("index.html", "only for a\n"));
        (await cloud.RunAsAsync(cloud.A.Admin, "deploy", secret.Path, "--name", "private-page")).ShouldSucceed();
        var image = (await ItemAsync(cloud, cloud.A, "releases", "private-page")).GetProperty("status").GetProperty("image").GetString();
        await DeployAsync(cloud, cloud.B, "forger");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var instance = await ItemAsync(cloud, cloud.B, "instances", "forger");
        var release = await ItemAsync(cloud, cloud.B, "releases", "forger");
        var route = await ItemAsync(cloud, cloud.B, "routes", "forger");
        var target = new { release = Id(release), weight = 1, staticImage = image };
        await RefusedAsync(cloud, $"instances/{Id(instance)}", new { status = new { address = "127.0.0.1", port } });
        await RefusedAsync(cloud, $"instances/{Id(instance)}", new { spec = new { image } });
        await RefusedAsync(cloud, $"releases/{Id(release)}", new { status = new { image } });
        await RefusedAsync(cloud, $"routes/{Id(route)}", new { status = new { targets = new[] { target } } });

        using var http = cloud.Edge("forger.b");
        for (var i = 0; i < 10; i++) Assert.StartsWith("GET /", await http.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    /// <summary>Requests that two readers can read differently: refused, the connection ends, and the application hears of none.</summary>
    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Request_ThatTwoReadersReadDifferently_IsRefused(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        await DeployAsync(cloud, cloud.B, "smuggled");
        const string host = "Host: smuggled.b.localhost\r\n";
        string[] requests =
        [
            $"POST / HTTP/1.1\r\n{host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
            $"POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            $"POST / HTTP/1.1\r\n{host}Content-Length: +1\r\n\r\na",
            $"POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            $"POST / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            $"POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
            $"POST / HTTP/1.0\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            $"GET / HTTP/1.1\n{host}\r\n", $"GET / HTTP/1.1\r\n{host}A: b\r\n c\r\n\r\n", $"GET / HTTP/1.1\r\n{host}{host}\r\n",
            $"GET http://victim.a.localhost/ HTTP/1.1\r\n{host}\r\n",
        ];
        foreach (var request in requests)
        {
            var answer = await AskAsync(cloud, request + $"GET /second HTTP/1.1\r\n{host}\r\n");
            Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), $"{request}\n{answer}");
            Assert.DoesNotContain("/second", answer, StringComparison.Ordinal);
        }
        using var http = cloud.Edge("smuggled.b");
        Assert.StartsWith("GET /", await http.GetStringAsync("/"), StringComparison.Ordinal);
    }

    /// <summary>All that comes until the edge closes the connection.</summary>
    private static async Task<string> AskAsync(SecurityCloud cloud, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, cloud.HttpPort);
        await using var stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // Closed while more was on its way.
        }
        return System.Text.Encoding.Latin1.GetString(answer.ToArray());
    }

    private static string Id(JsonElement item) => item.GetProperty("id").GetString()!;

    private static async Task RefusedAsync(SecurityCloud cloud, string path, object patch) =>
        Assert.Equal(
            403, (await cloud.CallAsync(
                cloud.B.Admin, "PATCH", "/api/v1/" + path, JsonSerializer.Serialize(patch), "application/merge-patch+json")).Status);

    private static async Task DeployAsync(SecurityCloud cloud, Tenant tenant, string name)
    {
        using var application = AppFolder.Node(Application);
        (await cloud.RunAsAsync(tenant.Developer, "deploy", application.Path, "--name", name)).ShouldSucceed();
    }

    /// <summary>The newest one whose name begins with the deployment's.</summary>
    private static async Task<JsonElement> ItemAsync(SecurityCloud cloud, Tenant tenant, string plural, string deployment)
    {
        var items = (await cloud.CallAsync(tenant.Admin, "GET", $"/api/v1/{plural}")).Body.GetProperty("items").EnumerateArray();
        return items.Last(i => i.GetProperty("name").GetString()!.StartsWith(deployment, StringComparison.Ordinal));
    }
}
