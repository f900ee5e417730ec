using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Telemetry;

namespace Strata.Telemetry.Tests;

public sealed partial class StrataTelemetryTests
{
    private static readonly TelemetryOptions Options = new() { ServiceName = "test", ServiceVersion = "1" };

    [Fact]
    public async Task Metrics_AtTheirAddress_AreValidPrometheusText()
    {
        var listen = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        await using var telemetry = await StartAsync(Options with { MetricsListen = listen });
        using var meter = new Meter("Strata.Test");
        var duration = meter.CreateHistogram<double>(
            "strata.test.duration", "s", "How long.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        duration.Record(0.5, new KeyValuePair<string, object?>("code", "a\"b\\c"));
        meter.CreateCounter<long>("strata.test.errors", "{error}", "Errors.").Add(3);
        meter.CreateObservableGauge("strata.test.total", () => 7L, null, "All.");
        meter.CreateObservableGauge("strata.test.memory", () => 5L, "By", "Memory.");

        using var http = new HttpClient { BaseAddress = new Uri($"http://{listen}") };
        var text = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.Matches(line[0] == '#' ? CommentLine() : SampleLine(), line);
        Assert.Contains("""strata_test_duration_seconds_bucket{code="a\"b\\c",le="0.1"} 0""" + "\n", text, StringComparison.Ordinal);
        Assert.Contains("""strata_test_duration_seconds_bucket{code="a\"b\\c",le="1"} 1""" + "\n", text, StringComparison.Ordinal);
        Assert.Contains("strata_test_errors_total{} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("strata_test_total{} 7\n", text, StringComparison.Ordinal);
        Assert.Contains("strata_test_memory_bytes{} 5\n", text, StringComparison.Ordinal);
        using var other = await http.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task Series_BeyondTheBound_AreAddedUpInOne()
    {
        var listen = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        await using var telemetry = await StartAsync(Options with { MetricsListen = listen });
        using var meter = new Meter("Strata.Test");
        var counter = meter.CreateCounter<long>("strata.test.many");
        for (var i = 0; i < 1000; i++) counter.Add(1, new KeyValuePair<string, object?>("name", $"n{i}"));

        using var http = new HttpClient { BaseAddress = new Uri($"http://{listen}") };
        var text = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        Assert.Contains("strata_test_many_total{otel_metric_overflow=\"true\"}", text, StringComparison.Ordinal);
        Assert.InRange(text.Split('\n').Count(l => l.StartsWith("strata_test_many_total", StringComparison.Ordinal)), 100, 300);
    }

    /// <summary>Both have a series for each deployment.</summary>
    [Theory, InlineData("strata.edge.request.duration"), InlineData("strata.edge.errors")]
    public async Task Series_OfTheEdge_HaveRoomForManyDeployments(string name)
    {
        var listen = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        await using var telemetry = await StartAsync(Options with { MetricsListen = listen });
        using var meter = new Meter("Strata.Test");
        var counter = meter.CreateCounter<long>(name);
        for (var i = 0; i < 1000; i++) counter.Add(1, new KeyValuePair<string, object?>("deployment", $"n{i}"));

        using var http = new HttpClient { BaseAddress = new Uri($"http://{listen}") };
        var text = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        Assert.Equal(1000, text.Split('\n').Count(l => l.Contains("deployment=\"n", StringComparison.Ordinal)));
        Assert.DoesNotContain("otel_metric_overflow", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spans_AreSentToTheReceiver_AndOneFromOutsideIsSampledByUs()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        using var source = new ActivitySource("Strata.Test");
        var trace = ActivityTraceId.CreateRandom();
        await using (await StartAsync(Options with { Otlp = receiver.Address, TraceRatio = 1, SamplingKey = new byte[32] }))
        {
            var remote = new ActivityContext(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.None, isRemote: true);
            using var outer = source.StartActivity("outer", ActivityKind.Server, remote);
            using var inner = source.StartActivity("inner");
        }

        var spans = receiver.Spans.Where(s => s.TraceId == trace.ToHexString()).ToDictionary(s => s.Name);
        Assert.Equal(spans["outer"].SpanId, spans["inner"].ParentId);
        Assert.True(receiver.Metrics > 0);
    }

    private static Task<StrataTelemetry> StartAsync(TelemetryOptions options) =>
        StrataTelemetry.StartAsync(options, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    [GeneratedRegex("""^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram)|EOF|UNIT .*)$""")]
    private static partial Regex CommentLine();

    [GeneratedRegex("""^[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? ([0-9.eE+-]+|NaN)$""")]
    private static partial Regex SampleLine();
}
