using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Watch;
using Strata.Compute.Members;
using Strata.Core;

namespace Strata.Compute.Api;

/// <summary>The organization's calls to members as they end, with what went in and what came out; <c>ping</c> each 10 s. It ends with the server, or when its token is no longer good.</summary>
internal sealed class CallsEndpoint(MemberDirectory directory, StreamAccess access, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>What goes in is entities' data.</summary>
    private const string Read = "entities.read";

    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi("GET", "/api/v1/compute/calls", Read, new Operation
    {
        Id = "watchComputeCalls", Summary = "The calls to the organization's compute members as they end, as server-sent events.", Tag = "compute",
        Parameters = [Parameter.Query("watch", "Must be true: nothing is kept.", Schemas.Flag())], Answer = new Content(["text/event-stream"], Schemas.Text()),
    }, call => Task.FromResult(Start(call)));

    private Result<Answer> Start(ApiCall call)
    {
        if (!call.QueryFlag("watch").TryGet(out var asked, out var error)) return error;
        return asked ? Answer.Stream(http => RunAsync(http, call.Principal.Tenant)) : ApiErrors.Query("watch", "must be true: calls are told as they happen, and not kept.");
    }

    private async Task RunAsync(HttpContext http, TenantId tenant)
    {
        if (!directory.Calls.Watch(tenant).TryGet(out var watcher, out var busy)) throw busy.ToException();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        using (watcher)
        {
            var events = new EventStream(http);
            await events.BeginAsync();
            events.Write("ready");
            await events.FlushAsync(ending.Token);
            try
            {
                while (await TellAsync(http, events, watcher, ending.Token)) await events.FlushAsync(ending.Token);
            }
            catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // The stream ends with the server.
            }
        }
    }

    /// <summary>False: the token is no longer good.</summary>
    private async Task<bool> TellAsync(HttpContext http, EventStream events, CallWatch.Watcher watcher, CancellationToken cancellationToken)
    {
        try
        {
            await watcher.Calls.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(PingEvery, time, cancellationToken);
            while (watcher.Calls.TryRead(out var told)) events.Write("call", json => Write(json, told));
            return true;
        }
        catch (TimeoutException)
        {
            events.Write("ping");
            return await access.IsStillGoodAsync(http, Read, cancellationToken);
        }
    }

    private static void Write(Utf8JsonWriter json, CallTold told)
    {
        var (call, entity) = (told.Call.Call, told.Call.Call.Entity);
        json.WriteStartObject();
        json.WriteString("at", told.At.UtcDateTime);
        json.WriteString("member", told.Member);
        json.WriteString("kind", told.Call.Kind.ToString().ToLowerInvariant());
        json.WriteString("name", told.Call.Name);
        json.WriteString("model", entity.Model.Name);
        json.WriteString("entityId", entity.Id.Value);
        json.WriteString("state", entity.State);
        if (call.Transition is { } transition) json.WriteString("transition", transition.Name);
        json.WriteNumber("milliseconds", Math.Round(told.Took.TotalMilliseconds, 3));
        json.WritePropertyName("input");
        json.WriteRawValue(entity.Document.Utf8.Span, skipInputValidation: true);
        if (told.Answer is { } answer) WriteOutput(json, told.Call.Kind, answer);
        if (told.Failure is not null) json.WriteString("failure", told.Failure);
        json.WriteEndObject();
    }

    private static void WriteOutput(Utf8JsonWriter json, MemberCallKind kind, MemberAnswer answer)
    {
        if (kind == MemberCallKind.Criterion) json.WriteBoolean("output", answer.Matches);
        else if ((answer.Document ?? answer.Result) is { } output)
        {
            json.WritePropertyName("output");
            json.WriteRawValue(output.Utf8.Span, skipInputValidation: true);
        }
    }
}
