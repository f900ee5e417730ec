using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Peers;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;

namespace Strata.Compute.Api;

/// <summary>The organization's compute members: those of all servers as a list, those of this server as metrics.</summary>
internal sealed class MemberEndpoints(MemberDirectory directory, PeerReports? peers = null)
{
    public const string Read = "compute.read";
    private const string Tag = "compute";
    private const string Members = "/api/v1/compute/members";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", Members, Read, new Operation
        {
            Id = "listComputeMembers", Summary = "The organization's compute members: tags, calls, latencies, errors.", Tag = Tag, Answer = Content.Json(Schemas.Object()),
        }, ListAsync);
        routes.MapApi("GET", "/api/v1/compute/metrics", Read, new Operation
        {
            Id = "getComputeMetrics", Summary = "The members that are connected to this server as metrics, in Prometheus text.", Tag = Tag, Answer = new Content(["text/plain"], Schemas.Text()),
        }, call => Task.FromResult<Result<Answer>>(Answer.Stream(http =>
        {
            http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(Metrics(directory.Report(call.Principal.Tenant))), http.RequestAborted).AsTask();
        })));
    }

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        List<MemberView> here = [.. directory.Report(call.Principal.Tenant).Select(Show)];
        if (peers is null || PeerForwarder.IsForwarded(call.Http)) return Answer.Json(new Listed(here));
        var others = await peers.ListsAsync<Listed>(call.Http, Members);
        here.AddRange(others.OfType<Listed>().SelectMany(l => l.Items));
        var silent = others.Count(l => l is null);
        return Answer.Json(new Listed(here, silent > 0 ? silent : null));
    }

    private static MemberView Show(MemberReport member) => new(
        member.Id, member.Name, member.Tags, member.IsLeaving ? "LEAVING" : "CONNECTED", member.ConnectedAt, member.InFlight, member.Limit, member.Calls, member.Failures, member.Lost,
        member.Dropped, member.P50.TotalMilliseconds, member.P99.TotalMilliseconds);

    private static string Metrics(IReadOnlyList<MemberReport> members)
    {
        var text = new StringBuilder();
        Write(text, members, "strata_compute_calls_total", "counter", "Calls given to a member.", m => m.Calls);
        Write(text, members, "strata_compute_failures_total", "counter", "Calls that a member answered with an error or not in time.", m => m.Failures);
        Write(text, members, "strata_compute_lost_total", "counter", "Calls whose member went away before it answered.", m => m.Lost);
        Write(text, members, "strata_compute_dropped_answers_total", "counter", "Answers that nobody waited for.", m => m.Dropped);
        Write(text, members, "strata_compute_in_flight", "gauge", "Calls that a member works on.", m => m.InFlight);
        Write(text, members, "strata_compute_latency_p50_seconds", "gauge", "Half of the calls were answered within.", m => m.P50.TotalSeconds);
        Write(text, members, "strata_compute_latency_p99_seconds", "gauge", "99 of 100 calls were answered within.", m => m.P99.TotalSeconds);
        return text.ToString();
    }

    private static void Write(StringBuilder text, IReadOnlyList<MemberReport> members, string name, string type, string help, Func<MemberReport, double> value)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach (var member in members)
            text.Append(CultureInfo.InvariantCulture, $"{name}{{member=\"{member.Id}\",name=\"{Escape(member.Name)}\"}} {value(member)}\n");
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <param name="SilentServers">How many servers did not answer, so that their members are missing; null: none.</param>
    private sealed record Listed(IReadOnlyList<MemberView> Items, int? SilentServers = null);

    private sealed record MemberView(
        Guid Id, string Name, IReadOnlyList<string> Tags, string State, DateTimeOffset ConnectedAt, int InFlight, int Limit, long Calls, long Failures, long Lost, long Dropped, double P50Ms, double P99Ms);
}
