using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.EntityApi.Transfer;

/// <summary>An organization's data out of one cloud and into another, whole.</summary>
internal sealed class TransferEndpoints(
    IEntityLog log, ITransfers transfers, IDurableValues durable, ILeases leases, StreamAccess access, IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    private const string Read = "transfers.read";
    private const string Write = "transfers.write";
    private const string Lines = "application/x-ndjson";

    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A client that sends nothing for this long is gone, or its source is: its import ends, so that another try can begin.
    /// </summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(15);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi(
            "GET", "/api/export", Read,
            Describe(
                "exportData",
                "All data of the organization as lines of JSON: models, and every revision of every entity; the last line holds digests.") with
        {
            Answer = AnswerSchemas.Of("exportData", Lines),
        }, ExportAsync);
        routes.MapApi("GET", "/api/import", Read, Describe("getImport", "Show the status of the import into this organization."), GetAsync);
        routes.MapApi("POST", "/api/import", Write, Describe("importData",
            "Import an export into an organization that holds no data; all of it becomes visible at once, or nothing.") with
        {
            Body = new Content([Lines], Schemas.Object()),
            Repeatable = "An organization that holds data is refused, so an export is imported once.",
        }, ImportAsync);
        routes.MapApi("DELETE", "/api/import", Write, Describe("discardImport", "Discard an unfinished import.") with
        {
            Status = 204,
            Answer = null,
            Repeatable = "Deleting twice has the same effect as once.",
        }, DiscardAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "transfer", Answer = AnswerSchemas.Of(id) };

    private async Task<Result<Answer>> ExportAsync(ApiCall call)
    {
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (await ImportState.ReadAsync(durable, caller.Tenant, call.Aborted) is { } state && state.IsUnderWay(time.GetUtcNow()))
            return TransferErrors.Unfinished;
        return Answer.Stream(async http =>
        {
            http.Response.ContentType = Lines;
            http.Response.Headers.CacheControl = "no-store";
            using var exporter = new Exporter(log, transfers, caller.Tenant, http.Response.BodyWriter);
            await exporter.RunAsync(Guid.CreateVersion7(time.GetUtcNow()), time.GetUtcNow(),
                () => access.IsStillGoodAsync(http, Read, http.RequestAborted), http.RequestAborted);
        });
    }

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        return await ImportState.ReadAsync(durable, caller.Tenant, call.Aborted) is { } state ? Answer.Json(state) : Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("state", "NONE");
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> ImportAsync(ApiCall call)
    {
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!IsLines(call)) return ApiErrors.MediaType(call.Http.Request.ContentType, Lines);
        // each line is bounded
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        // The source may pause, as a pipe does; what bounds it is SilenceMax.
        if (call.Http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        return await AloneAsync(caller.Tenant, async (lease, cancellationToken) =>
        {
            var lines = new LineReader(call.Http.Request.BodyReader, TransferLines.LineBytesMax, SilenceMax, time);
            using var importer = new Importer(transfers, durable, time, caller.Tenant, lease.Fence, lines);
            using var finishing = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost);
            await using var stopping = lifetime.ApplicationStopping.Register(CancelWhenNobodyWaits);
            await using var aborted = call.Aborted.Register(CancelWhenNobodyWaits);
            var imported = await importer.RunAsync(finishing.Token, cancellationToken);
            return imported.IsOk ? Answer.Json(imported.Value) : imported.Error;

            // A server that stops waits for its clients, and for nothing else.
            void CancelWhenNobodyWaits()
            {
                if (lifetime.ApplicationStopping.IsCancellationRequested && call.Aborted.IsCancellationRequested) finishing.Cancel();
            }
        }, call.Aborted);
    }

    private async Task<Result<Answer>> DiscardAsync(ApiCall call)
    {
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (await ImportState.ReadAsync(durable, caller.Tenant, call.Aborted) is not { State: ImportState.Unfinished })
            return TransferErrors.Nothing;
        return await AloneAsync(caller.Tenant, async (lease, cancellationToken) =>
        {
            var isDone = await ImportState.DiscardAsync(transfers, durable, caller.Tenant, lease.Fence, cancellationToken);
            return isDone ? Answer.NoContent : TransferErrors.Running;
        }, call.Aborted);
    }

    /// <summary>One import of an organization at a time, on whichever server.</summary>
    private async Task<Result<Answer>> AloneAsync(
        TenantId tenant, Func<HeldLease, CancellationToken, Task<Result<Answer>>> act, CancellationToken cancellationToken)
    {
        await using var lease = await HeldLease.TryTakeAsync(
            leases, ImportState.LeaseOf(tenant), HeldLease.NewHolder(time), LeaseTime, time, cancellationToken);
        if (lease is null) return TransferErrors.Running;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            return await act(lease, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return TransferErrors.Running; // the lease was lost to another server
        }
    }

    /// <summary>A token of one project does not stand for the whole organization.</summary>
    private static Result<Caller> CallerOf(ApiCall call) => call.Principal.Project is null
        ? EntityCall.CallerOf(call) : ApiErrors.Forbidden(Read);

    private static bool IsLines(ApiCall call) =>
        MediaTypeHeaderValue.TryParse(call.Http.Request.ContentType, out var type)
            && type.MediaType.Equals(Lines, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Registers export and import.</summary>
internal static class TransferModule
{
    public static IServiceCollection AddTransfers(this IServiceCollection services) =>
        services.AddSingleton<TransferEndpoints>().AddSupervised<ImportSweeper>();

    public static void MapTransfers(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<TransferEndpoints>().Map(routes);
}
