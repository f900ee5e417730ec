using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Transfer;

/// <summary>
/// Writes one organization's data as lines, page by page, so that a slow client holds neither memory nor a connection to the database. What
/// is written meanwhile is exported too; the end comes when nothing was.
/// </summary>
internal sealed class Exporter(IEntityLog log, ITransfers transfers, TenantId tenant, PipeWriter output) : IDisposable
{
    private const int PageMax = 2_000;
    private const int FlushBytes = 64 * 1024;

    /// <summary>Beyond it the organization is too busy for the work ever to end.</summary>
    private const int PassesMax = 20;

    private readonly IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly HistoryDigest digest = new();
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly Utf8JsonWriter json = new(Stream.Null, Answer.WriterOptions);
    private Revision position;
    private long revisions;

    /// <param name="goesOn">Asked before each page: false ends the export without its end line.</param>
    public async Task RunAsync(Guid export, DateTimeOffset at, Func<ValueTask<bool>> goesOn, CancellationToken cancellationToken)
    {
        await WriteAsync(j => TransferLines.WriteHeader(j, export, tenant, at), cancellationToken);
        var page = await PageAsync(cancellationToken);
        for (var pass = 1; pass <= PassesMax; pass++)
        {
            for (; page.Changes.Count > 0; page = await PageAsync(cancellationToken))
            {
                foreach (var revision in page.Changes) await WriteAsync(revision, cancellationToken);
                if (!await goesOn()) return;
            }
            await WriteHeldAsync(cancellationToken);
            page = await PageAsync(cancellationToken);
            if (page.Changes.Count == 0)
            {
                await WriteEndAsync(cancellationToken);
                return;
            }
            digest.ReleaseAll();
            await WriteAsync(j => j.WriteString("type", "again"), cancellationToken);
        }
    }

    public void Dispose()
    {
        sha.Dispose();
        digest.Dispose();
        json.Dispose();
    }

    private async ValueTask<FollowPage> PageAsync(CancellationToken cancellationToken)
    {
        var follow = new Follow { Tenant = tenant, After = position, Limit = PageMax, Models = ModelFilter.UsersAndDefinitions,
            WithAudit = true };
        var page = await log.FollowAsync(follow, cancellationToken);
        position = page.Position;
        return page;
    }

    private async ValueTask WriteAsync(EntityRevision revision, CancellationToken cancellationToken)
    {
        revisions++;
        digest.Add(revision);
        await WriteAsync(j => TransferLines.WriteRevision(j, revision), cancellationToken);
    }

    private async Task WriteHeldAsync(CancellationToken cancellationToken)
    {
        for (var page = await transfers.ClaimsAsync(tenant, null, PageMax, cancellationToken); page.Count > 0; page =
            await transfers.ClaimsAsync(tenant, page[^1].Cursor, PageMax, cancellationToken))
        {
            foreach (var claim in page)
            {
                digest.Add(claim);
                await WriteAsync(j => TransferLines.WriteClaim(j, claim), cancellationToken);
            }
        }
        for (var page = await transfers.SchedulesAsync(tenant, null, PageMax, cancellationToken); page.Count > 0; page =
            await transfers.SchedulesAsync(tenant, page[^1].Cursor, PageMax, cancellationToken))
        {
            foreach (var schedule in page)
            {
                digest.Add(schedule);
                var ordinal = int.Parse(
                    schedule.Cursor.AsSpan(schedule.Cursor.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
                await WriteAsync(j => TransferLines.WriteSchedule(j, schedule, ordinal), cancellationToken);
            }
        }
    }

    private async Task WriteEndAsync(CancellationToken cancellationToken)
    {
        var (content, lines) = (digest.Finish(), Convert.ToHexStringLower(sha.GetHashAndReset()));
        await WriteAsync(j =>
        {
            j.WriteString("type", "end");
            j.WriteNumber("head", position.Value);
            j.WriteNumber("revisions", revisions);
            j.WriteString("digest", content);
            j.WriteString("sha256", lines);
        }, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    private async ValueTask WriteAsync(Action<Utf8JsonWriter> members, CancellationToken cancellationToken)
    {
        line.ResetWrittenCount();
        json.Reset(line);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        line.Write("\n"u8);
        sha.AppendData(line.WrittenSpan);
        output.Write(line.WrittenSpan);
        if (output.UnflushedBytes >= FlushBytes) await output.FlushAsync(cancellationToken);
    }
}
