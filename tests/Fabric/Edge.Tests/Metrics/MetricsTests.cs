using Strata.Edge.Metrics;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Metrics;

public class MetricsTests
{
    [Fact]
    public async Task Requests_AreMeasuredByDeploymentAndClassOfStatus()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 0; i < 7; i++) (await client.GetAsync("/")).Dispose();
        (await client.GetAsync("http://nobody.localhost/")).Dispose();

        // A request is counted when its answer is done, which the client may see a moment before.
        await Wait.UntilAsync(
            () => edge.ReadMetrics().Contains("{org=\"org_1\",deployment=\"app\",code=\"2xx\"} 7\n", StringComparison.Ordinal),
            "all are counted");
        await Wait.UntilAsync(() => edge.ReadMetrics().Contains("{org=\"\",deployment=\"\",code=\"4xx\"} 1\n", StringComparison.Ordinal),
            "the unrouted one is too");
        var read = edge.ReadMetrics();
        Assert.Contains("strata.edge.errors{org=\"\",deployment=\"\",error=\"HOST_UNKNOWN\"} 1\n", read, StringComparison.Ordinal);
        Assert.Contains("strata.edge.routes 1\n", read, StringComparison.Ordinal);
        Assert.Contains("strata.edge.instances{state=\"healthy\"} 1\n", read, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_MoreDeploymentsThanThereAreSeries_SharesOneAmongTheRest()
    {
        var book = new DeploymentSeriesBook(seriesMax: 2);
        var (first, second, third) = (book.Of("org_1", "a"), book.Of("org_2", "a"), book.Of("org_1", "c"));
        Assert.NotEqual(first, second);
        Assert.Equal(DeploymentSeries.Other, third);
        Assert.Same(first, book.Of("org_1", "a"));
    }

    [Theory]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 503)]
    [InlineData("/metrics", 404)]
    public async Task Admin_BeforeThereIsATable_ReportsIt(string path, int status)
    {
        await using var edge = await TestEdge.StartAsync();
        using var admin = new HttpClient { BaseAddress = new Uri($"http://{edge.Server.AdminEndPoint}") };
        using var response = await admin.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
    }
}
