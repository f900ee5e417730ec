using System.Net;
using System.Net.Sockets;
using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>What the command line prints of others, and to whom it sends the token of this machine.</summary>
public sealed class CommandLineTests(SecurityClouds clouds)
{
    [Fact]
    public async Task Server_OfAnotherAddress_GetsNoToken()
    {
        var cloud = await clouds.InProcessAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var heard = HearAsync(listener);
        await cloud.RunAsync("get", "projects", "--server", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        var request = await heard;
        Assert.Contains("GET /api/v1", request, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", request, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("stk_", request, StringComparison.Ordinal);
    }

    private static async Task<string> HearAsync(TcpListener listener)
    {
        using var peer = await listener.AcceptTcpClientAsync();
        await using var stream = peer.GetStream();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0) break;
            request.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        return request.ToString();
    }
}
