using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Peers;
using Strata.Api.Watch;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;

namespace Strata.Compute.Api;

/// <summary>
/// The organization's calls to members as they end, with what went in and what came out; <c>ping</c> each 10 s. It ends with the server, or
/// when its token is no longer good.
/// </summary>
internal sealed class CallsEndpoint(
    MemberDirectory directory, StreamAccess access, TimeProvider time, IHostApplicationLifetime lifetime, PeerReports? peers = null)
{
    /// <summary>What goes in is entities' data.</summary>
    private const string Read = "entities.read";

    private const string Path = "/api/v1/compute/calls";

    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi("GET", Path, Read, new Operation
    {
        Id = "watchComputeCalls", Summary = "Watch the finished calls to the organization's compute members, as server-sent events.",
        Tag = "compute",
        Parameters = [Parameter.Query("watch", "Must be true: calls are not stored.", Schemas.Flag())],
        Answer = new Content(["text/event-stream"], Schemas.Text()),
    }, call => Task.FromResult(Start(call)));

    private Result<Answer> Start(ApiCall call)
    {
        if (!call.QueryFlag("watch").TryGet(out var asked, out var error)) return error;
        if (!asked) return ApiErrors.Query(
                "watch", "must be true: calls are streamed as they happen and are not stored.", "Set watch to true.");
        return Answer.Stream(http => RunAsync(http, call.Principal.Tenant));
    }

    private async Task RunAsync(HttpContext http, TenantId tenant)
    {
        if (!directory.Calls.Watch(tenant).TryGet(out var watcher, out var busy)) throw busy.ToException();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        using (watcher)
        {
            using var events = new EventStream(http);
            await events.BeginAsync();
            events.Write("ready");
            await events.FlushAsync(ending.Token);
            var elsewhere = new CallsElsewhere();
            var following = WatchOthersAsync(http, elsewhere, ending.Token);
            try
            {
                for (var lastPing = time.GetTimestamp(); ; await events.FlushAsync(ending.Token))
                {
                    await SendAsync(events, watcher, elsewhere, ending.Token);
                    if (time.GetElapsedTime(lastPing) < PingEvery) continue;
                    if (!await access.IsStillGoodAsync(http, Read, ending.Token)) return;
                    events.Write("ping");
                    lastPing = time.GetTimestamp();
                }
            }
            catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // The stream ends with the server.
            }
            finally
            {
                await ending.CancelAsync();
                await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Task WatchOthersAsync(HttpContext http, CallsElsewhere calls, CancellationToken cancellationToken) =>
        peers is null || PeerForwarder.IsForwarded(http)
            ? Task.CompletedTask
            : peers.WatchAsync(http.GetPrincipal(), Path + "?watch=true", calls.Add, cancellationToken);

    private async Task SendAsync(
        EventStream events, CallWatch.Watcher watcher, CallsElsewhere elsewhere, CancellationToken cancellationToken)
    {
        using var round = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var first = await Task.WhenAny(
                watcher.Calls.WaitToReadAsync(round.Token).AsTask(), elsewhere.WaitToReadAsync(round.Token).AsTask())
                .WaitAsync(PingEvery, time, cancellationToken);
            await first;
            while (!events.IsFull && watcher.Calls.TryRead(out var call)) events.Write("call", json => Write(json, call));
            while (!events.IsFull && elsewhere.TryRead(out var call))
                events.Write("call", json => json.WriteRawValue(call, skipInputValidation: true));
        }
        catch (TimeoutException)
        {
            // A quiet organization.
        }
        finally
        {
            await round.CancelAsync();
        }
    }

    private static void Write(Utf8JsonWriter json, FinishedCall call)
    {
        json.WriteStartObject();
        json.WriteString("at", call.At.UtcDateTime);
        json.WriteString("member", call.Member);
        json.WriteString("kind", call.Kind.ToString().ToLowerInvariant());
        json.WriteString("name", call.Name);
        json.WriteString("model", call.Model);
        json.WriteString("entityId", call.Entity.Value);
        json.WriteString("state", call.State);
        if (call.Transition is not null) json.WriteString("transition", call.Transition);
        json.WriteNumber("milliseconds", Math.Round(call.Took.TotalMilliseconds, 3));
        WriteJson(json, "input", call.Input);
        WriteJson(json, "output", call.Output);
        if (call.Failure is not null) json.WriteString("failure", call.Failure);
        json.WriteEndObject();
    }

    private static void WriteJson(Utf8JsonWriter json, string name, JsonText? text)
    {
        if (text is not { } value) return;
        json.WritePropertyName(name);
        json.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
    }
}
