using System.Collections.Concurrent;
using System.Net;

namespace Strata.Server.Tests.Support;

/// <summary>
/// Requests to one host, one after another on several connections, until it is stopped. Each answer other than 200 is a failure.
/// </summary>
public sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<string> failures = [];
    private readonly HttpClient http;
    private readonly Task running;
    private int answered;

    public Load(Cloud cloud, string host, int connections = 4)
    {
        http = cloud.Edge(host);
        running = Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(SendAsync)));
    }

    public int Answered => answered;

    /// <summary>Stops, and says what went wrong.</summary>
    public async Task<IReadOnlyCollection<string>> StopAsync()
    {
        await stopping.CancelAsync();
        await running;
        return failures;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        stopping.Dispose();
    }

    private async Task SendAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var answer = await http.GetAsync("/");
                if (answer.StatusCode != HttpStatusCode.OK)
                    failures.Add($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
                Interlocked.Increment(ref answered);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                failures.Add(e.ToString());
            }
        }
    }
}
