using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Api.Idempotency;

/// <summary>
/// Makes a write with an Idempotency-Key take effect once. There is no table of keys: the key decides the commit's id, and the commit keeps a
/// fingerprint of the request as an audit event. So key and effect are durable together, and a request that comes again is answered from the log
/// with the revision that the first one made. A failed request made no commit and may be sent again. Safe for concurrent use; the same key at the
/// same moment is turned away with REQUEST_IN_PROGRESS.
/// </summary>
public sealed class Idempotency(IEntityLog log)
{
    public const string Header = "Idempotency-Key";
    public const int KeyLengthMax = 200;

    private static readonly Error InProgress = new(
        ErrorKind.Conflict, "REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is being worked on.", "Send it again in a moment.") { Retryable = true };

    private readonly ConcurrentDictionary<CommitId, byte> working = new();

    /// <param name="tenant">Whose log the write goes to.</param>
    /// <param name="act">Does the work; <see cref="ApiCall.Request"/> is set meanwhile.</param>
    /// <param name="replay">The answer again, from all that the first request wrote (without audit events).</param>
    public async Task<Result<Answer>> RunAsync(
        ApiCall call, TenantId tenant, ReadOnlyMemory<byte> body, Func<Task<Result<Answer>>> act, Func<IReadOnlyList<EntityRevision>, Answer> replay)
    {
        if (!KeyOf(call).TryGet(out var key, out var error)) return error;
        if (key is null) return await act();
        var request = ToRequest(call, tenant, key, body);
        if (!working.TryAdd(request.Commit, 0)) return InProgress;
        try
        {
            if (await FindAsync(tenant, request.Commit, call.Aborted) is { } written)
                return await FingerprintOfAsync(written[0], call.Aborted) == request.Fingerprint ? replay(written) : ApiErrors.KeyReused(key);
            call.Request = request;
            return await act();
        }
        finally
        {
            working.TryRemove(request.Commit, out _);
        }
    }

    private static Result<string?> KeyOf(ApiCall call)
    {
        var sent = call.Http.Request.Headers[Header];
        if (sent.Count == 0) return (string?)null;
        return sent is [{ Length: > 0 and <= KeyLengthMax } key] && key.All(c => c is > ' ' and <= '~')
            ? key
            : ApiErrors.Header(Header, $"must hold one key of 1 to {KeyLengthMax} printable ASCII characters.");
    }

    /// <summary>What a commit wrote; null where there is no such commit.</summary>
    private async ValueTask<IReadOnlyList<EntityRevision>?> FindAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        await log.FindCommitAsync(tenant, commit, cancellationToken) is { } revision
            ? await log.FollowAsync(tenant, new Revision(revision.Value - 1), 1, cancellationToken)
            : null;

    private async ValueTask<string?> FingerprintOfAsync(EntityRevision written, CancellationToken cancellationToken)
    {
        var history = await log.HistoryAsync(written.Tenant, written.Id, new Revision(written.Revision.Value + 1), 1, cancellationToken);
        return history[0].Audit.FirstOrDefault(a => a.Type == AuditEventTypes.Request)?.Detail;
    }

    private static RequestKey ToRequest(ApiCall call, TenantId tenant, string key, ReadOnlyMemory<byte> body)
    {
        var id = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{call.Principal.Actor}\n{key}"));
        id[6] = (byte)((id[6] & 0x0f) | 0x80); // UUID version 8: of one's own making
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new RequestKey(new CommitId(new Guid(id.AsSpan(0, 16), bigEndian: true)), Fingerprint(call.Http.Request, body));
    }

    private static string Fingerprint(HttpRequest request, ReadOnlyMemory<byte> body)
    {
        var text = new ArrayBufferWriter<byte>(256 + body.Length);
        Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path}{request.QueryString}\n{request.Headers.IfMatch}\n", text);
        text.Write(body.Span);
        return Convert.ToHexStringLower(SHA256.HashData(text.WrittenSpan));
    }
}
