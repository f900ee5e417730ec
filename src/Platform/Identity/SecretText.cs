using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Identity;

/// <summary>
/// A secret as its holder has it: <c>PREFIX_ID_SECRET</c>, each id as 26 characters of base 32, the secret as 43 characters of base64url
/// (256 random bits). The prefix lets leak scanners find it, and the ids lead to what it belongs to without a search. Only a hash of the
/// secret is kept, and a plain one will do: there is nothing to guess.
/// </summary>
internal sealed record SecretText(string Prefix, IReadOnlyList<Guid> Ids, string Secret)
{
    private const int Bytes = 32;
    private const int SecretLength = 43;

    public string SecretHash => HashOf(Secret);

    public static SecretText New(string prefix, params IReadOnlyList<Guid> ids) => new(prefix, ids, NewSecret());

    /// <param name="count">How many ids it has.</param>
    public static bool TryParse(string prefix, int count, string? text, [NotNullWhen(true)] out SecretText? secret)
    {
        secret = null;
        if (text?.Length != prefix.Length + (count * (IdText.EncodedLength + 1)) + 1 + SecretLength
            || !text.StartsWith(prefix, StringComparison.Ordinal) || text[prefix.Length] != '_') return false;
        var parts = text[(prefix.Length + 1)..].Split('_', count + 1);
        if (parts.Length != count + 1) return false;
        var ids = new Guid[count];
        for (var i = 0; i < count; i++)
        {
            if (!IdText.TryDecode(parts[i], out ids[i])) return false;
        }
        secret = new SecretText(prefix, ids, parts[count]);
        return true;
    }

    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>SHA-256 in hex.</summary>
    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public bool Matches(string? hash) => Matches(Secret, hash);

    /// <summary>Compares in constant time.</summary>
    public static bool Matches(string secret, string? hash) =>
        hash is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(HashOf(secret)), Encoding.UTF8.GetBytes(hash));

    public override string ToString()
    {
        var text = new StringBuilder(Prefix);
        Span<char> id = stackalloc char[IdText.EncodedLength];
        foreach (var value in Ids)
        {
            IdText.Encode(value, id);
            text.Append('_').Append(id);
        }
        return text.Append('_').Append(Secret).ToString();
    }
}
