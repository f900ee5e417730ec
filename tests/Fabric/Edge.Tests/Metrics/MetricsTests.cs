using System.Globalization;
using System.Text.RegularExpressions;
using Strata.Edge.Metrics;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Metrics;

public partial class MetricsTests
{
    [Fact]
    public async Task Metrics_AtTheAdminPort_AreValidPrometheusTextAndCount()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 0; i < 7; i++) (await client.GetAsync("/")).Dispose();
        (await client.GetAsync("http://nobody.localhost/")).Dispose();

        // A request is counted when its answer is done, which the client may see a moment before.
        await Eventually.TrueAsync(() => edge.Server.WriteMetrics() is var m && m.Contains("HOST_UNKNOWN", StringComparison.Ordinal) && m.Contains("code=\"2xx\"} 7", StringComparison.Ordinal), "all are counted");
        using var admin = new HttpClient { BaseAddress = new Uri($"http://{edge.Server.AdminEndPoint}") };
        using var response = await admin.GetAsync("/metrics");
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.Matches(line[0] == '#' ? CommentLine() : SampleLine(), line);
        const string labels = "route=\"rou_app.localhost/\",host=\"app.localhost\",path=\"/\",deployment=\"app\"";
        Assert.Contains($"strata_edge_requests_total{{{labels},code=\"2xx\"}} 7\n", text, StringComparison.Ordinal);
        Assert.Contains($"strata_edge_request_duration_seconds_count{{{labels}}} 7\n", text, StringComparison.Ordinal);
        Assert.Contains($"strata_edge_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 7\n", text, StringComparison.Ordinal);
        Assert.Contains("strata_edge_errors_total{route=\"\",host=\"\",path=\"\",deployment=\"\",error=\"HOST_UNKNOWN\"} 1\n", text, StringComparison.Ordinal);
        var buckets = BucketLine().Matches(text).Select(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).Take(LatencyBuckets.Seconds.Length + 1).ToList();
        Assert.Equal(buckets.Order(), buckets);
    }

    [Theory]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 503)]
    [InlineData("/else", 404)]
    public async Task Admin_BeforeThereIsATable_TellsSo(string path, int status)
    {
        await using var edge = await TestEdge.StartAsync();
        using var admin = new HttpClient { BaseAddress = new Uri($"http://{edge.Server.AdminEndPoint}") };
        using var response = await admin.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5_000, 0)]
    [InlineData(5_001, 1)]
    [InlineData(10_000_000, 10)]
    [InlineData(300_000_000, 14)]
    [InlineData(300_000_001, 15)]
    [InlineData(long.MaxValue, 15)]
    public void Bucket_OfADuration_IsTheFirstThatHoldsIt(long ticks, int bucket) => Assert.Equal(bucket, LatencyBuckets.IndexOf(ticks));

    [GeneratedRegex("""^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$""")]
    private static partial Regex CommentLine();

    [GeneratedRegex("""^[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)*\})? [0-9.eE+-]+$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""_bucket\{route="rou_app[^}]*\} (\d+)""")]
    private static partial Regex BucketLine();
}
