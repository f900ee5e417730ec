using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>A unique key's value as the database knows it.</summary>
/// <param name="Write">Which of the commit's writes wants it.</param>
internal sealed record ClaimKey(int Write, string Model, UniqueClaim Claim, byte[] Digest)
{
    public string Text { get; } = Convert.ToHexString(Digest);

    public static IReadOnlyList<ClaimKey> Of(Commit commit)
    {
        var keys = new List<ClaimKey>();
        for (var i = 0; i < commit.Writes.Count; i++)
        {
            var write = commit.Writes[i];
            if (write is { Delete: false, Claims: { Count: > 0 } claims })
                keys.AddRange(claims.Distinct().Select(c => new ClaimKey(i, write.Model.Name, c, DigestOf(write.Model.Name, c))));
        }
        return keys;
    }

    /// <summary>The first value that two entities of the same commit want; no store can grant that.</summary>
    public static AppendOutcome.Duplicate? FindTwice(Commit commit, IReadOnlyList<ClaimKey> keys)
    {
        if (keys.Count < 2) return null;
        var seen = new HashSet<string>(keys.Count);
        var twice = keys.FirstOrDefault(k => !seen.Add(k.Text));
        return twice is null ? null : new AppendOutcome.Duplicate(commit.Writes[twice.Write].Id, twice.Claim);
    }

    /// <summary>SHA-256 over the three texts, each behind its length, so that no two different triples run together.</summary>
    public static byte[] DigestOf(string model, UniqueClaim claim)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var text in (ReadOnlySpan<string>)[model, claim.Key, claim.Value])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return hash.GetHashAndReset();
    }
}
