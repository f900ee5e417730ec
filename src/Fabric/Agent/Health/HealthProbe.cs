using System.Net.Sockets;
using Strata.Contracts;

namespace Strata.Agent.Health;

/// <summary>
/// Asks once whether an instance works: by a GET that must answer below 500, or by a connection. Safe for concurrent use.
/// </summary>
internal sealed class HealthProbe : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 64,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public async Task<bool> IsHealthyAsync(string address, int port, HealthCheck check, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(Math.Max(1, check.TimeoutSeconds)));
        try
        {
            return check.Path is null ? await ConnectsAsync(address, port, deadline.Token)
                : await AnswersAsync(address, port, check.Path, deadline.Token);
        }
        catch (Exception e) when (e is SocketException or HttpRequestException or IOException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => http.Dispose();

    private static async Task<bool> ConnectsAsync(string address, int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, port, cancellationToken);
        return true;
    }

    private async Task<bool> AnswersAsync(string address, int port, string path, CancellationToken cancellationToken)
    {
        var parts = path.Split('?', 2);
        var uri = new UriBuilder("http", address, port) { Path = parts[0], Query = parts.Length > 1 ? parts[1] : "" }.Uri;
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.UserAgent.ParseAdd("strata-health");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return (int)response.StatusCode < 500;
    }
}
