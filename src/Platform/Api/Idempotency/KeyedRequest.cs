using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Api.Idempotency;

/// <summary>
/// One request with an Idempotency-Key while it is worked on. Its commits are its parts, numbered from 0; the key and the number decide
/// each commit's id, so what a part wrote is found again, and a request that was cut off continues where it ended. Not safe for concurrent
/// use.
/// </summary>
public sealed class KeyedRequest : IDisposable
{
    private readonly IEntityLog log;
    private readonly TenantId tenant;
    private readonly string key;
    private readonly Action<CommitId> release;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly long? madeAtMs;
    private string? fingerprint;

    internal KeyedRequest(IEntityLog log, TenantId tenant, ApiCall call, string key, Action<CommitId> release)
    {
        (this.log, this.tenant, this.key, this.release) = (log, tenant, key, release);
        madeAtMs = KeyTime.Of(key);
        Id = IdOf(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{call.Principal.Actor}\n{key}")));
        var request = call.Http.Request;
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path}{request.QueryString}\n{request.Headers.IfMatch}\n"));
    }

    /// <summary>Decided by tenant, actor and key; the id of the first commit.</summary>
    public CommitId Id { get; }

    /// <summary>Of all that was asked for; no more can be appended from then on.</summary>
    public string Fingerprint => fingerprint ??= Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <summary>Adds a piece of the body to what is asked for.</summary>
    public void Append(ReadOnlySpan<byte> body)
    {
        if (fingerprint is not null) throw new InvalidOperationException("The fingerprint was taken already.");
        hash.AppendData(body);
    }

    /// <param name="note">Kept beside the fingerprint: what a later attempt has to know; without spaces.</param>
    public RequestKey Part(int part, string? note = null) =>
        new(IdOf(part), note is null ? Fingerprint : $"{Fingerprint} {note}") { MadeAtMs = madeAtMs, Part = part };

    /// <summary>What a part wrote, if it did; IDEMPOTENCY_CONFLICT where the key was used for another request.</summary>
    public async ValueTask<Result<WrittenPart>> WrittenAsync(int part, CancellationToken cancellationToken)
    {
        if (await log.FindCommitAsync(tenant, IdOf(part), cancellationToken) is not { } revision) return new WrittenPart([], null);
        var (written, events) = await ReadAsync(revision, cancellationToken);
        if (RequestIn(events) is not [var of, ..] kept || of != Fingerprint) return ApiErrors.KeyReused(key);
        var end = await new PausedChange(log, tenant).EndAsync(written[0], events, cancellationToken);
        if (end.At is not { } last) return new WrittenPart([], null) { IsInProgress = end.Failure is null, Failure = end.Failure };
        if (last != revision) written = (await ReadAsync(last, cancellationToken)).Written;
        return new WrittenPart(written, kept.ElementAtOrDefault(1));
    }

    /// <summary>Whether this is the fingerprint of the same request; for what is kept outside of the log.</summary>
    public Error? Check(string kept) => kept == Fingerprint ? null : ApiErrors.KeyReused(key);

    public void Dispose()
    {
        release(Id);
        hash.Dispose();
    }

    /// <summary>
    /// What a commit wrote for the request, and the audit events of its first revision. What compute members wrote in the same commit comes
    /// after that, and is not part of the answer.
    /// </summary>
    private async ValueTask<(IReadOnlyList<EntityRevision> Written, IReadOnlyList<AuditEvent> Events)> ReadAsync(
        Revision revision, CancellationToken cancellationToken)
    {
        var written = WithoutModels(await log.FollowAsync(tenant, new Revision(revision.Value - 1), 1, cancellationToken));
        var events = await EventsAsync(written[0], cancellationToken);
        while (written.Count > 1 && RequestIn(await EventsAsync(written[^1], cancellationToken)) is null)
            written.RemoveAt(written.Count - 1);
        return (written, events);
    }

    private async ValueTask<IReadOnlyList<AuditEvent>> EventsAsync(EntityRevision written, CancellationToken cancellationToken) =>
        (await log.TrailAsync(tenant, written.Id, new Revision(written.Revision.Value + 1), 1, cancellationToken))[0].Audit;

    /// <summary>The fingerprint and the note that a revision was written with; null: it was not asked for with a key.</summary>
    private static string[]? RequestIn(IReadOnlyList<AuditEvent> events) =>
        events.FirstOrDefault(a => a.Type == AuditEventTypes.Request)?.Detail?.Split(' ');

    /// <summary>Models extended by the writes are not part of the answer.</summary>
    private static List<EntityRevision> WithoutModels(IReadOnlyList<EntityRevision> written) =>
        [.. written.Any(entity => entity.Model != StoredModel.Key) ? written.Where(entity => entity.Model != StoredModel.Key) : written];

    private CommitId IdOf(int part)
    {
        if (part == 0) return Id;
        Span<byte> seed = stackalloc byte[20];
        Id.Value.TryWriteBytes(seed, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(seed[16..], part);
        return IdOf(SHA256.HashData(seed));
    }

    private static CommitId IdOf(byte[] id)
    {
        id[6] = (byte)((id[6] & 0x0f) | 0x80); // UUID version 8: of one's own making
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new CommitId(new Guid(id.AsSpan(0, 16), bigEndian: true));
    }
}

/// <summary>What one part of a request wrote.</summary>
/// <param name="Revisions">Without audit events; empty where it has not been written.</param>
/// <param name="Note">See <see cref="KeyedRequest.Part"/>.</param>
public sealed record WrittenPart(IReadOnlyList<EntityRevision> Revisions, string? Note)
{
    public bool IsThere => Revisions.Count > 0;

    /// <summary>It was saved before a processor is called (COMMIT_BEFORE_DISPATCH), and the processor has not answered yet.</summary>
    public bool IsInProgress { get; init; }

    /// <summary>Why it went no further after it was saved before a processor was called, for good; null: nothing of the kind.</summary>
    public Error? Failure { get; init; }

    /// <summary>What answers the request at once; null: it is still to be worked on.</summary>
    public Error? Refusal => IsInProgress ? Idempotency.InProgress : Failure;

    /// <summary>
    /// What answers an attempt that was refused. What is saved stays, so the same request cannot succeed any more; and a refusal may come
    /// from another attempt that is still working.
    /// </summary>
    public Error Explain(Error refusal) => IsInProgress ? Idempotency.InProgress
        : Failure is null ? refusal
        : refusal.Code == "ALREADY_COMMITTED" ? Failure : refusal with { Retryable = false };
}
