using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>
/// Writes many items in transactions of at most <see cref="WriteSettings.Window"/>, one after the other. The first one's failure is the
/// request's; a later one's appears in the answer in place of its transaction, and ends it: what was committed stays. With an
/// Idempotency-Key each transaction takes effect once, and a request that was cut off resumes where it ended.
/// </summary>
internal sealed class ChunkedWrite(Idempotency idempotency, TimeProvider time)
{
    public async Task<Result<Answer>> RunAsync<T>(
        ApiCall call, Caller caller, WriteSettings settings, JsonText body, IEnumerable<T> items, IChunkWriter<T> writer)
    {
        if (!idempotency.Begin(call, caller.Tenant).TryGet(out var keyed, out var error)) return error;
        using (keyed)
        {
            keyed?.Append(body.Utf8.Span);
            var outcomes = new List<Result<ChunkOutcome>>();
            foreach (var chunk in items.Chunk(settings.Window))
            {
                var part = new Part(keyed, outcomes.Count, settings.Begin(caller, keyed?.Part(outcomes.Count), time));
                outcomes.Add(outcomes.Count == 0 ? await WriteAsync(part, chunk, writer, call.Aborted)
                    : await WriteLaterAsync(part, chunk, writer, call.Aborted));
                if (!outcomes[^1].IsOk) break;
            }
            return outcomes[0].IsOk ? Transactions(outcomes) : outcomes[0].Error!;
        }
    }

    /// <summary>What is thrown must not hide the transactions that are durable already.</summary>
    private static async ValueTask<Result<ChunkOutcome>> WriteLaterAsync<T>(
        Part part, T[] chunk, IChunkWriter<T> writer, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAsync(part, chunk, writer, cancellationToken);
        }
        catch (StrataException e)
        {
            return e.Error;
        }
    }

    private static async ValueTask<Result<ChunkOutcome>> WriteAsync<T>(
        Part part, T[] chunk, IChunkWriter<T> writer, CancellationToken cancellationToken)
    {
        if (part.Keyed is not { } keyed) return await writer.WriteAsync(part.Caller, chunk, cancellationToken);
        if (!(await keyed.WrittenAsync(part.Index, cancellationToken)).TryGet(out var written, out var error)) return error;
        if (written.IsThere) return writer.Replay(chunk, written.Revisions);
        if (written.Refusal is { } refusal) return refusal;
        var outcome = await writer.WriteAsync(part.Caller, chunk, cancellationToken);
        if (outcome.IsOk) return outcome;
        // The refusal may come from this part's own first effect: of an attempt that the client gave up, or on another server.
        if (!(await keyed.WrittenAsync(part.Index, cancellationToken)).TryGet(out written, out error)) return error;
        return written.IsThere ? writer.Replay(chunk, written.Revisions) : written.Explain(outcome.Error!);
    }

    private static Answer Transactions(List<Result<ChunkOutcome>> outcomes) => Answer.Json(json =>
    {
        json.WriteStartArray();
        for (var i = 0; i < outcomes.Count; i++) ChunkOutcome.Write(json, outcomes[i], i);
        json.WriteEndArray();
    });

    private readonly record struct Part(KeyedRequest? Keyed, int Index, Caller Caller);
}

/// <summary>One kind of write, a transaction at a time.</summary>
internal interface IChunkWriter<T>
{
    ValueTask<Result<ChunkOutcome>> WriteAsync(Caller caller, T[] items, CancellationToken cancellationToken);

    /// <summary>The stored outcome of an earlier write of the same items.</summary>
    ChunkOutcome Replay(T[] items, IReadOnlyList<EntityRevision> written);
}
