using System.Collections.Concurrent;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Api.Idempotency;

/// <summary>
/// Makes a write with an Idempotency-Key take effect once. There is no table of keys: the key decides the commit's id, and the commit keeps
/// a fingerprint of the request as an audit event. So key and effect are durable together, and a request that comes again is answered from
/// the log with the revision that the first one made. A failed request made no commit and may be sent again, unless it failed after the
/// commit that comes before a processor's call: that stays, and so does the failure. Safe for concurrent use; the same key at the same
/// moment is turned away with REQUEST_IN_PROGRESS.
/// </summary>
public sealed class Idempotency(IEntityLog log)
{
    public const string Header = "Idempotency-Key";
    public const int KeyLengthMax = 200;

    /// <summary>Another attempt of the same request is running, here or on another server.</summary>
    public static readonly Error InProgress = new(
        ErrorKind.Conflict, "REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is being worked on.",
        "Send it again in a moment.") { Retryable = true };

    private readonly ConcurrentDictionary<CommitId, byte> working = new();

    /// <summary>A write that is one commit.</summary>
    /// <param name="tenant">Whose log the write goes to.</param>
    /// <param name="act">Does the work; <see cref="ApiCall.Request"/> is set meanwhile.</param>
    /// <param name="replay">The answer again, from all that the first request wrote (without audit events).</param>
    public Task<Result<Answer>> RunAsync(
        ApiCall call, TenantId tenant, ReadOnlyMemory<byte> body, Func<Task<Result<Answer>>> act, Func<IReadOnlyList<EntityRevision>,
        Answer> replay) =>
        RunAsync(call, tenant, body, _ => act(), (_, written) => Task.FromResult<Result<Answer>>(replay(written)));

    /// <summary>A write whose first commit is what counts: what it does beside that is finished when it is sent again.</summary>
    /// <param name="act">As the other's; gets the key, if there is one, for the commits that follow the first.</param>
    /// <param name="replay">Does what an attempt that was cut off has left to do, and answers.</param>
    public async Task<Result<Answer>> RunAsync(
        ApiCall call, TenantId tenant, ReadOnlyMemory<byte> body, Func<KeyedRequest?, Task<Result<Answer>>> act,
        Func<KeyedRequest, IReadOnlyList<EntityRevision>, Task<Result<Answer>>> replay)
    {
        if (!Begin(call, tenant).TryGet(out var keyed, out var error)) return error;
        if (keyed is null) return await act(null);
        using (keyed)
        {
            keyed.Append(body.Span);
            if (!(await keyed.WrittenAsync(0, call.Aborted)).TryGet(out var written, out error)) return error;
            if (written.IsThere) return await replay(keyed, written.Revisions);
            if (written.Refusal is { } refusal) return refusal;
            call.Request = keyed.Part(0);
            var answer = await act(keyed);
            if (answer.IsOk) return answer;
            // A refusal may come from the request's own first effect: of an attempt that a client gave up, or on another server.
            if (!(await keyed.WrittenAsync(0, call.Aborted)).TryGet(out written, out error)) return error;
            return written.IsThere ? await replay(keyed, written.Revisions) : written.Explain(answer.Error!);
        }
    }

    /// <summary>
    /// The request's key, taken until it is disposed; null where the request has none. For writes that are several commits, or whose body
    /// is not held in memory: the caller appends the body to the fingerprint and asks for each part before doing it.
    /// </summary>
    public Result<KeyedRequest?> Begin(ApiCall call, TenantId tenant)
    {
        if (!KeyOf(call).TryGet(out var key, out var error)) return error;
        if (key is null) return (KeyedRequest?)null;
        var request = new KeyedRequest(log, tenant, call, key, id => working.TryRemove(id, out _));
        return working.TryAdd(request.Id, 0) ? request : InProgress;
    }

    private static Result<string?> KeyOf(ApiCall call)
    {
        var sent = call.Http.Request.Headers[Header];
        if (sent.Count == 0) return (string?)null;
        return sent is [{ Length: > 0 and <= KeyLengthMax } key] && key.All(c => c is > ' ' and <= '~')
            ? key
            : ApiErrors.HeaderValue(Header, $"one key of 1 to {KeyLengthMax} printable ASCII characters");
    }
}
