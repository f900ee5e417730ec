using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Log;

/// <summary>
/// A digest of what a history means, equal for equal histories wherever they are kept: members in any order, numbers however they are
/// written; commits by their place and not by their number, because an organization may have had commits before. Claims and schedules count
/// in any order. SHA-256 over all of it.
/// </summary>
public sealed class HistoryDigest : IDisposable
{
    private readonly IncrementalHash revisions = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] held = new byte[SHA256.HashSizeInBytes];
    private CommitId? lastCommit;
    private long commits;

    public void Add(EntityRevision revision)
    {
        if (revision.Commit != lastCommit) commits++;
        lastCommit = revision.Commit;
        Put(revisions, commits);
        Put(revisions, revision.Id.Value.ToString());
        Put(revisions, revision.Model.ToString());
        Put(revisions, revision.Commit.Value.ToString());
        Put(revisions, revision.State);
        Put(revisions, revision.CreatedAt.UtcTicks);
        Put(revisions, revision.ChangedAt.UtcTicks);
        Put(revisions, revision.ChangedBy);
        Put(revisions, revision.Transition ?? "");
        Put(revisions, revision.Deleted ? 1 : 0);
        foreach (var one in revision.Audit) Put(revisions, $"{one.Type}\n{one.State}\n{one.Detail}\n{one.Criterion}\n{one.Reason}");
        using var document = revision.Document.Parse();
        Put(revisions, document.RootElement);
    }

    public void Add(HeldClaim claim) => Hold($"claim\n{claim.Entity}\n{claim.Model}\n{claim.Claim.Key}\n{claim.Claim.Value}");

    public void Add(HeldSchedule schedule) =>
        Hold($"schedule\n{schedule.Entity}\n{schedule.Schedule.Transition}\n{schedule.Schedule.DueAt.UtcTicks}\n{schedule.Schedule.ExpiresAt?.UtcTicks}");

    /// <summary>Takes back the claims and schedules.</summary>
    public void ReleaseAll() => Array.Clear(held);

    public string Finish()
    {
        revisions.AppendData(held);
        return Convert.ToHexStringLower(revisions.GetHashAndReset());
    }

    public void Dispose() => revisions.Dispose();

    private void Hold(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        for (var i = 0; i < held.Length; i++) held[i] ^= hash[i];
    }

    private static void Put(IncrementalHash hash, JsonElement value)
    {
        Put(hash, (long)value.ValueKind);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    Put(hash, member.Name);
                    Put(hash, member.Value);
                }
                Put(hash, -1);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Put(hash, item);
                Put(hash, -1);
                break;
            case JsonValueKind.String: Put(hash, value.GetString()!); break;
            case JsonValueKind.Number: Put(hash, JsonNumber.Canonical(Encoding.ASCII.GetBytes(value.GetRawText()))); break;
            default: break;
        }
    }

    private static void Put(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Put(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Put(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
