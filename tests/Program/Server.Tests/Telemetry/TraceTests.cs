using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Strata.Client;
using Strata.Edge;
using Strata.Edge.Routing;
using Strata.Server.Options;

namespace Strata.Server.Tests.Telemetry;

/// <summary>
/// A request at the edge, the application behind it that calls the API, the commit, and the compute member: one trace, at a receiver of
/// OTLP. And what all of them report as metrics.
/// </summary>
public sealed class TraceTests : IAsyncLifetime
{
    private const string ClientTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private const string Workflow = """
        {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"A","active":true,"states":{"A":{"transitions":[{"name":"go","next":"B","manual":false,
          "processors":[{"type":"externalized","name":"stamp","executionMode":"SYNC","config":{"calculationNodesTags":"traced","responseTimeoutMs":30000}}]}]},"B":{}}}]}
        """;

    private readonly string root = Path.Combine(
        Path.GetTempPath(), $"strata-trace-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
    private OtlpReceiver receiver = null!;
    private StrataServer server = null!;
    private IPEndPoint metrics = null!;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(root);
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        receiver = await OtlpReceiver.StartAsync();
        metrics = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        var options = new ServerOptions
        {
            Home = new HomeLayout(root), Listen = IPAddress.Loopback, ApiPort = FreePort.Next(), HttpPort = FreePort.Next(),
            EdgeMode = EdgeMode.Off, Agent = false,
            Telemetry = new TelemetrySettings { Metrics = metrics, Otlp = receiver.Address, TraceRatio = 1 },
        };
        options.Home.Create();
        server = await StrataServer.StartAsync(options, null, null, TimeProvider.System, default);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.StopAsync(keepWork: false);
            await server.DisposeAsync();
        }
        if (receiver is not null) await receiver.DisposeAsync();
        Folder.Delete(root);
    }

    [Fact]
    public async Task RequestAtTheEdge_ToTheAnswerOfAMember_IsOneTrace()
    {
        using var client = new StrataClient(server.Options.ApiUrl, server.AdminToken!, new ClientOptions { RetriesMax = 0 });
        await SendAsync(client, HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/traced/1", """{"text":"x"}""");
        await SendAsync(client, HttpMethod.Put, "/api/model/traced/1/lock", null);
        await SendAsync(client, HttpMethod.Post, "/api/model/traced/1/workflow/import", Workflow);
        using var stop = new CancellationTokenSource();
        var joined = new TaskCompletionSource();
        var serving = new ComputeMember(
            client, new MemberOptions { Tags = ["traced"], OnJoined = () => joined.TrySetResult() }, new Stamp()).RunAsync(stop.Token);
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await using var application = await StartApplicationAsync();
        await using var edge = new EdgeServer(new EdgeOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)], Admin = null });
        await edge.StartAsync(TestContext.Current.CancellationToken);
        edge.Apply(new TableSnapshot(
            [new RouteRecord { Id = "rou_1", Org = "org_1", Host = "app.localhost", DeploymentName = "app",
                Targets = [new TargetRecord("rel_1", 1)] }],
            [new InstanceRecord("ins_1", "org_1", "rel_1", "127.0.0.1", new Uri(application.Urls.First()).Port)]));

        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{edge.HttpEndPoints[0]}/");
        request.Headers.Host = "app.localhost";
        request.Headers.Add("traceparent", $"00-{ClientTrace}-00f067aa0ba902b7-00"); // continued, and not its word counts but the ratio
        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null });
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        string[] expected = ["edge.request", "POST /api/entity/{format}/{entityName}/{modelVersion}", "entity.create", "log.commit",
            "member.call stamp", "member.work stamp"];
        try
        {
            await Wait.UntilAsync(() => expected.All(name => Spans().Any(s => s.Name == name)), "all spans have arrived");
        }
        catch (Exception)
        {
            foreach (var span in Spans()) TestContext.Current.TestOutputHelper!.WriteLine($"{span.SpanId} of {span.ParentId}: {span.Name}");
            throw;
        }
        Assert.Equal(
            ["member.work stamp", "member.call stamp", "entity.create", expected[1], "edge.request"], PathFrom("member.work stamp"));
        Assert.Equal("entity.create", PathFrom("log.commit")[1]);

        var text = await http.GetStringAsync($"http://{metrics}/metrics", TestContext.Current.CancellationToken);
        foreach (var name in new[]
                 {
                     "http_server_request_duration_seconds_bucket{", "strata_log_commit_duration_seconds_bucket{outcome=\"committed\"",
                     "strata_log_group_size_bucket{",
                     "strata_log_read_batch_duration_seconds_bucket{", "strata_edge_request_duration_seconds_count{",
                     "strata_compute_call_duration_seconds_count{kind=\"processor\",outcome=\"ok\"} 1\n", "strata_compute_members",
                     "strata_part_ok{part=\"api\"} 1\n",
                     "strata_share_used{", "strata_background_failing{", "strata_controller_queue{", "strata_informer_lag",
                     "strata_resources{", "strata_lease_changes_total{",
                 }) Assert.Contains(name, text, StringComparison.Ordinal);
        var edges = text.Split('\n')
            .Where(l => l.StartsWith("strata_edge_request_duration_seconds_count", StringComparison.Ordinal)).ToList();
        Assert.Contains(
            edges, l => l.Contains("deployment=\"app\"", StringComparison.Ordinal) && l.Contains("org=\"org_1\"", StringComparison.Ordinal)
                && l.EndsWith("} 1", StringComparison.Ordinal));
        using var api = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Options.ApiUrl, "/api/v1/metrics"));
        api.Headers.Authorization = new("Bearer", server.AdminToken);
        using var same = await http.SendAsync(api, TestContext.Current.CancellationToken);
        Assert.Contains("strata_part_ok{part=\"api\"} 1\n", await same.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        await stop.CancelAsync();
        await serving;
    }

    private List<ReceivedSpan> Spans() => [.. receiver.Spans.Where(s => s.TraceId == ClientTrace)];

    /// <summary>Names from a span up to the first that the receiver has.</summary>
    private List<string> PathFrom(string name)
    {
        var spans = Spans();
        var path = new List<string>();
        for (var span = spans.First(s => s.Name == name); span is not null; span = spans.FirstOrDefault(s => s.SpanId == span.ParentId))
            path.Add(span.Name);
        return path;
    }

    /// <summary>What a user's instance does: it calls the API in the trace of the request.</summary>
    private async Task<WebApplication> StartApplicationAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "app" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, FreePort.Next()));
        var app = builder.Build();
        app.Run(async http =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null });
            using var call = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Options.ApiUrl, "/api/entity/JSON/traced/1"))
            {
                Content = new StringContent("""{"text":"hello"}""", Encoding.UTF8, "application/json"),
            };
            call.Headers.Authorization = new("Bearer", server.AdminToken);
            call.Headers.Add("traceparent", http.Request.Headers.TraceParent.ToString());
            using var answer = await client.SendAsync(call, http.RequestAborted);
            http.Response.StatusCode = (int)answer.StatusCode;
        });
        await app.StartAsync();
        return app;
    }

    private static Task SendAsync(StrataClient client, HttpMethod method, string path, string? body) =>
        client.SendAsync(new ApiRequest(method, path) { Body = body is null ? null : Encoding.UTF8.GetBytes(body) },
            TestContext.Current.CancellationToken);

    private sealed record Letter(string Text);

    private sealed class Stamp
    {
        [Processor("stamp")]
        public static Letter Run(Letter letter) => letter with { Text = letter.Text + ", stamped" };
    }
}
