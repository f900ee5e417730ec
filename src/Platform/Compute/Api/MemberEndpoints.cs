using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Peers;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;
using Strata.Telemetry;

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
            Id = "listComputeMembers", Summary = "List the organization's compute members: tags, calls, latencies, errors.",
            Tag = Tag, Answer = Content.Json(Schemas.OfAnswer(typeof(Listed))),
        }, ListAsync);
        routes.MapApi("GET", "/api/v1/compute/metrics", Read, new Operation
        {
            Id = "getComputeMetrics", Summary = "Metrics of the members connected to this server, in Prometheus text format.",
            Tag = Tag, Answer = new Content(["text/plain"], Schemas.Text()),
        }, call => Task.FromResult<Result<Answer>>(Answer.Stream(http =>
            PrometheusText.WriteAsync(http, meter => Define(meter, directory.Report(call.Principal.Tenant))))));
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
        member.Id, member.Name, member.Tags, member.IsLeaving ? "LEAVING" : "CONNECTED", member.ConnectedAt, member.InFlight, member.Limit,
        member.Calls, member.Failures, member.Lost,
        member.Dropped, member.P50.TotalMilliseconds, member.P99.TotalMilliseconds);

    /// <summary>An organization's own members by id and name, so not among the server's metrics.</summary>
    private static void Define(Meter meter, IReadOnlyList<MemberReport> members)
    {
        meter.CreateObservableCounter("strata.compute.calls", () => Each(members, m => m.Calls), null, "Calls given to a member.");
        meter.CreateObservableCounter("strata.compute.failures", () => Each(members, m => m.Failures), null,
            "Calls that a member answered with an error or not in time.");
        meter.CreateObservableCounter(
            "strata.compute.lost", () => Each(members, m => m.Lost), null, "Calls whose member went away before it answered.");
        meter.CreateObservableCounter(
            "strata.compute.dropped_answers", () => Each(members, m => m.Dropped), null, "Answers that came too late, or twice.");
        meter.CreateObservableGauge(
            "strata.compute.in_flight", () => Each(members, m => m.InFlight), null, "Calls that a member works on.");
        meter.CreateObservableGauge(
            "strata.compute.latency_p50", () => Each(members, m => m.P50.TotalSeconds), "s", "Half of the calls were answered within.");
        meter.CreateObservableGauge(
            "strata.compute.latency_p99", () => Each(members, m => m.P99.TotalSeconds), "s", "99 of 100 calls were answered within.");
    }

    private static IEnumerable<Measurement<T>> Each<T>(IReadOnlyList<MemberReport> members, Func<MemberReport, T> value)
        where T : struct => members.Select(
        m => new Measurement<T>(
            value(m), new KeyValuePair<string, object?>("member", m.Id.ToString()), new KeyValuePair<string, object?>("name", m.Name)));

    /// <param name="SilentServers">How many servers did not answer, so that their members are missing; null: none.</param>
    private sealed record Listed(IReadOnlyList<MemberView> Items, int? SilentServers = null);

    private sealed record MemberView(
        Guid Id, string Name, IReadOnlyList<string> Tags, string State, DateTimeOffset ConnectedAt, int InFlight, int Limit, long Calls,
        long Failures, long Lost, long Dropped, double P50Ms, double P99Ms);
}
