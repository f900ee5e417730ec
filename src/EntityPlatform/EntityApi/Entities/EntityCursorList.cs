using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Entities;

/// <summary>
/// A list page by page with a cursor: <c>{items, nextCursor?}</c>. A cursor names the last entity listed, so that writes in between neither
/// repeat nor hide another; with pointInTime every page is of that moment.
/// </summary>
internal sealed class EntityCursorList(IEntityLog log, AnswerMemory memory)
{
    public const string CursorName = "cursor";
    public const string LimitName = "limit";

    private const int IdBytes = 16;
    private const int FlushBytes = 64 << 10;

    public static bool IsAsked(ApiCall call) =>
        call.Http.Request.Query.ContainsKey(CursorName) || call.Http.Request.Query.ContainsKey(LimitName);

    public async Task<Result<Answer>> ListAsync(ApiCall call, ModelTarget target, AsOf asOf)
    {
        foreach (var name in (string[])["pageSize", "pageNumber"])
        {
            if (call.Http.Request.Query.ContainsKey(name)) return ApiErrors.Query(
                name, "does not go with limit and cursor.", $"Leave out {name}, or leave out limit and cursor.");
        }
        if (!call.QueryInt(LimitName, PageLimits.Default, 1, PageLimits.Max).TryGet(out var limit, out var error)) return error;
        if (!call.Query(CursorName).TryGet(out var cursor, out error)) return error;
        var after = default(EntityId);
        if (cursor is not null && !TryRead(ListingOf(target.Caller.Tenant, target.Model), cursor, out after))
            return ResourceErrors.BadCursor;
        var scan = new Scan { Tenant = target.Caller.Tenant, Model = target.Model, AsOf = asOf,
            After = cursor is null ? null : new ScanPosition(target.Caller.Tenant, after) };
        var lease = await memory.EnterAsync(target.Caller.Tenant, call.Aborted);
        call.Http.Response.RegisterForDispose(lease);
        var first = await log.ScanAsync(scan with { Limit = Math.Min(limit, PageLimits.Default) }, call.Aborted);
        AnswerMemory.Charge(lease, first);
        return Answer.Stream(http => WriteAsync(http, scan, first, limit, lease));
    }

    private async Task WriteAsync(HttpContext http, Scan scan, RevisionPage page, int left, ShareLease lease)
    {
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter, Answer.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("items");
        while (page.Count > 0)
        {
            foreach (var entity in page)
            {
                EntityWriter.WriteEnvelope(json, entity, scan.AsOf.Time);
                if (json.BytesPending + http.Response.BodyWriter.UnflushedBytes >= FlushBytes) await FlushAsync(http, json);
            }
            await FlushAsync(http, json);
            lease.Dispose();
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id) };
            if ((left -= page.Count) == 0 || page.IsLast) break;
            lease = await memory.EnterAsync(scan.Tenant!.Value, http.RequestAborted);
            http.Response.RegisterForDispose(lease);
            page = await log.ScanAsync(scan with { Limit = Math.Min(left, PageLimits.Default) }, http.RequestAborted);
            AnswerMemory.Charge(lease, page);
        }
        json.WriteEndArray();
        var goesOn = left == 0 && (await log.ScanAsync(scan with { Limit = 1 }, http.RequestAborted)).Count > 0;
        if (goesOn) json.WriteString("nextCursor", Write(ListingOf(scan.Tenant!.Value, scan.Model), scan.After!.Value.Id));
        json.WriteEndObject();
        await FlushAsync(http, json);
    }

    private static async Task FlushAsync(HttpContext http, Utf8JsonWriter json)
    {
        json.Flush();
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static string ListingOf(TenantId tenant, ModelKey model) => $"entities/{tenant}/{model}";

    private static string Write(string listing, EntityId id)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        id.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        return ListCursor.Write(listing, bytes);
    }

    private static bool TryRead(string listing, string cursor, out EntityId id)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        id = default;
        if (!ListCursor.TryRead(listing, cursor, bytes)) return false;
        id = new EntityId(new Guid(bytes, bigEndian: true));
        return true;
    }
}
