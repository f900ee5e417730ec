using System.Security.Cryptography;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Transfer;

/// <summary>
/// Brings an export into an organization that holds no data. Steps: stage every line, compare both digests with what has arrived, publish
/// all at once. Until then none of it is visible and the organization is marked; after an interruption, the same export sent again
/// continues it, and a discard drops it.
/// </summary>
/// <param name="fence">Of the lease under which it runs: once another server has that, nothing more is written.</param>
internal sealed class Importer(
    ITransfers transfers, IDurableValues durable, TimeProvider time, TenantId tenant, Fence fence, LineReader lines) : IDisposable
{
    /// <summary>No log gets this far, and an imported one still has numbers for all its future commits.</summary>
    private const long RevisionMax = 1L << 50;

    /// <summary>The clock of the cloud that exported may be ahead of this one's by so much.</summary>
    private static readonly TimeSpan AheadMax = TimeSpan.FromHours(1);

    private static readonly TimeSpan RenewAfter = TimeSpan.FromMinutes(10);

    private const int PageMax = 1_000;
    private const int BatchBytesMax = 4 << 20;

    /// <summary>Lines of one commit, which are held together: twice what a transaction may write by default.</summary>
    private const long CommitBytesMax = 128L << 20;

    private readonly IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly HistoryDigest digest = new();
    private readonly List<EntityRevision> revisions = [];
    private readonly List<HeldClaim> claims = [];
    private readonly List<HeldSchedule> schedules = [];
    private ImportState state = null!; // until it has begun
    private Revision last;
    private long lineNumber;
    private long count;
    private long bytes;

    /// <param name="finishing">
    /// Of what follows the last line. Not that of the request: a client that gave up waiting must not undo what is bounded and fenced, else
    /// each of its tries would end like the first.
    /// </param>
    /// <param name="cancellationToken">Of what reads the request.</param>
    public async Task<Result<ImportState>> RunAsync(CancellationToken finishing, CancellationToken cancellationToken)
    {
        try
        {
            if (await BeginAsync(cancellationToken) is { } refused) return refused;
            while (await NextAsync(cancellationToken) is { } line)
            {
                using (line.Document)
                {
                    if (line.Type == "end") return await EndAsync(line, finishing);
                    await TakeAsync(line, cancellationToken);
                }
            }
            await StageWholeCommitsAsync(cancellationToken);
            return TransferErrors.Incomplete;
        }
        catch (OperationCanceledException) when (state is not null)
        {
            if (await CompletedAsync(state.Export) is { } done) return done;
            throw;
        }
        catch (TransferSilenceException e)
        {
            if (state is not null) await StageWholeCommitsAsync(cancellationToken);
            return TransferErrors.Silent(e.Silence);
        }
        catch (Exception e)
            when (e is TransferFaultException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException
                or IndexOutOfRangeException or OverflowException)
        {
            return TransferErrors.BadLine(lineNumber, e is TransferFaultException ? e.Message : "It is not a line of an export.");
        }
    }

    public void Dispose()
    {
        sha.Dispose();
        digest.Dispose();
    }

    private async Task<Error?> BeginAsync(CancellationToken cancellationToken)
    {
        if (await NextAsync(cancellationToken) is not { } line) return TransferErrors.Empty;
        using var document = line.Document;
        if (line.Type != "export" || document.RootElement.GetProperty("format").GetInt32() != TransferLines.Format)
            return TransferErrors.NoExport;
        var export = document.RootElement.GetProperty("id").GetGuid();
        sha.AppendData(line.Bytes);
        var former = await ImportState.ReadAsync(durable, tenant, cancellationToken);
        if (former is not null && former.Export != export && former.IsUnderWay(time.GetUtcNow())) return TransferErrors.Unfinished;
        if (former is { State: ImportState.Complete } && former.Export == export) return TransferErrors.Complete(former.At);
        if (!await transfers.IsEmptyAsync(tenant, cancellationToken))
        {
            if (await CompletedAsync(export) is { } done) return TransferErrors.Complete(done.At);
            if (former is { State: ImportState.Unfinished }) await AbandonAsync(cancellationToken); // this one, or another that has expired
            return TransferErrors.NotEmpty;
        }
        var goesOn = former is { State: ImportState.Unfinished } && former.Export == export;
        // The mark of another import goes first: a mark with only part of its rows would let that import continue as if they were there.
        if (!goesOn) Require(await ImportState.ForgetAsync(durable, tenant, fence, cancellationToken));
        Require(await transfers.UnstageAsync(tenant, revisions: !goesOn, fence, cancellationToken));
        state = goesOn ? former! : new ImportState(ImportState.Unfinished, export, 0, time.GetUtcNow());
        await CloseAsync(cancellationToken);
        if (await transfers.IsEmptyAsync(tenant, cancellationToken)) return null;
        await AbandonAsync(cancellationToken);
        return TransferErrors.NotEmpty;
    }

    /// <summary>
    /// Refuses users' writes for a day from now. The mark comes first: without it the import that closes the organization could not be
    /// discarded.
    /// </summary>
    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + ImportState.Lifetime;
        state = state with { ExpiresAt = until };
        Require(await state.WriteAsync(durable, tenant, fence, cancellationToken));
        Require(await transfers.CloseAsync(tenant, until, fence, cancellationToken));
    }

    /// <summary>
    /// Of an import that can never be published, because something was written before the organization was closed, or after it had expired.
    /// </summary>
    private async Task AbandonAsync(CancellationToken cancellationToken) =>
        Require(await ImportState.DiscardAsync(transfers, durable, tenant, fence, cancellationToken));

    /// <summary>The end of the same export's import, if the server that held the lease meanwhile has published it.</summary>
    private async ValueTask<ImportState?> CompletedAsync(Guid export) =>
        await ImportState.ReadAsync(durable, tenant, CancellationToken.None) is { State: ImportState.Complete } done
            && done.Export == export ? done : null;

    private async Task TakeAsync(Line line, CancellationToken cancellationToken)
    {
        sha.AppendData(line.Bytes);
        var root = line.Document.RootElement;
        switch (line.Type)
        {
            case "revision": await TakeAsync(TransferLines.ReadRevision(root, tenant), cancellationToken); break;
            case "claim": Take(TransferLines.ReadClaim(root)); break;
            case "schedule": Take(TransferLines.ReadSchedule(root)); break;
            case "again": await BeginAgainAsync(cancellationToken); break;
            default: throw new TransferFaultException($"Lines of type \"{line.Type}\" are not known.");
        }
        bytes += line.Bytes.Length;
        if (claims.Count + schedules.Count >= PageMax) await StageAsync(cancellationToken);
    }

    /// <summary>Batches end with whole commits, so that a revision identifies what is staged.</summary>
    private async Task TakeAsync(EntityRevision revision, CancellationToken cancellationToken)
    {
        if (revision.Revision < last) throw new TransferFaultException("Revisions must rise.");
        if (revision.Revision.Value > RevisionMax) throw new TransferFaultException($"Its revision is beyond {RevisionMax}.");
        if (Later(revision.CreatedAt, revision.ChangedAt) > time.GetUtcNow() + AheadMax)
            throw new TransferFaultException("Its time lies in the future, and no later commit could have an earlier one.");
        if (revision.Revision > last && (revisions.Count >= PageMax || bytes >= BatchBytesMax)) await StageAsync(cancellationToken);
        if (revisions.Count >= Commit.EntitiesMax + PageMax) throw new TransferFaultException("Its commit holds too many entities.");
        if (bytes >= BatchBytesMax + CommitBytesMax)
            throw new TransferFaultException($"Its commit holds more than {CommitBytesMax} bytes.");
        last = revision.Revision;
        count++;
        if (revision.Revision.Value > state.Staged) revisions.Add(revision);
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private void Take(HeldClaim claim)
    {
        digest.Add(claim);
        claims.Add(claim);
    }

    private void Take(HeldSchedule schedule)
    {
        digest.Add(schedule);
        schedules.Add(schedule);
    }

    private async Task BeginAgainAsync(CancellationToken cancellationToken)
    {
        await StageAsync(cancellationToken);
        Require(await transfers.UnstageAsync(tenant, revisions: false, fence, cancellationToken));
        digest.ReleaseAll();
    }

    /// <summary>Stages the complete commits of an interrupted import, so that the next try continues from there.</summary>
    private Task StageWholeCommitsAsync(CancellationToken cancellationToken)
    {
        revisions.RemoveAll(r => r.Revision == last); // its commit may be here in part
        return StageAsync(cancellationToken);
    }

    private async Task StageAsync(CancellationToken cancellationToken)
    {
        Require(await transfers.StageAsync(
            tenant, new HistoryPart { Revisions = revisions, Claims = claims, Schedules = schedules }, fence, cancellationToken));
        if (revisions.Count > 0)
        {
            state = state with { Staged = revisions[^1].Revision.Value, At = time.GetUtcNow() };
            Require(await state.WriteAsync(durable, tenant, fence, cancellationToken));
        }
        if (state.ExpiresAt - time.GetUtcNow() < ImportState.Lifetime - RenewAfter) await CloseAsync(cancellationToken);
        revisions.Clear();
        claims.Clear();
        schedules.Clear();
        bytes = 0;
    }

    private async Task<Result<ImportState>> EndAsync(Line line, CancellationToken cancellationToken)
    {
        await StageAsync(cancellationToken);
        var root = line.Document.RootElement;
        if (root.GetProperty("sha256").GetString() != Convert.ToHexStringLower(sha.GetHashAndReset())
            || root.GetProperty("revisions").GetInt64() != count) return TransferErrors.Damaged;
        await AddStagedAsync(cancellationToken);
        var content = digest.Finish();
        if (root.GetProperty("digest").GetString() != content) return TransferErrors.Damaged;
        var head = new Revision(root.GetProperty("head").GetInt64());
        if (head < last || head.Value > RevisionMax) return TransferErrors.Damaged;
        var complete = state with { State = ImportState.Complete, ExpiresAt = null, At = time.GetUtcNow(), Revisions = count,
            Digest = content };
        var outcome = await transfers.PublishAsync(
            tenant, head, end => (complete with { Base = end.Value }).ToMark(), fence, cancellationToken);
        Require(outcome is not PublishOutcome.Fenced);
        if (outcome is PublishOutcome.Published(var end)) return state = complete with { Base = end.Value };
        if (await CompletedAsync(state.Export) is { } done) return done;
        await AbandonAsync(cancellationToken);
        return TransferErrors.NotEmpty;
    }

    /// <exception cref="OperationCanceledException">As when the lease's loss is noticed by its time.</exception>
    private static void Require(bool isHeld)
    {
        if (!isHeld) throw new OperationCanceledException("The lease of the import has gone to another server.");
    }

    /// <summary>Reads back what is stored: that is compared, not what was sent.</summary>
    private async Task AddStagedAsync(CancellationToken cancellationToken)
    {
        for (var page = await transfers.StagedAsync(tenant, Revision.None, PageMax, cancellationToken); page.Changes.Count > 0;
             page = await transfers.StagedAsync(tenant, page.Position, PageMax, cancellationToken))
        {
            foreach (var revision in page.Changes) digest.Add(revision);
        }
    }

    private async ValueTask<Line?> NextAsync(CancellationToken cancellationToken)
    {
        if (await lines.NextAsync(cancellationToken) is not { } line) return null;
        lineNumber++;
        var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 });
        return new Line(line, document, document.RootElement.GetProperty("type").GetString() ?? "");
    }

    private sealed record Line(byte[] Bytes, JsonDocument Document, string Type);
}
