using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// A token as its holder has it: <c>stk_ORG_TOKEN_SECRET</c>, organization and token as 26 characters of base 32 each, the secret as 43
/// characters of base64url (256 random bits). The prefix lets leak scanners find it.
/// </summary>
internal sealed record TokenText(TenantId Tenant, EntityId Id, string Secret)
{
    private const string Prefix = "stk_";
    private const int SecretBytes = 32;
    private const int SecretLength = 43;
    private const int Length = 4 + IdText.EncodedLength + 1 + IdText.EncodedLength + 1 + SecretLength;

    public static TokenText New(TenantId tenant, EntityId id) =>
        new(tenant, id, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    public static bool TryParse(string text, [NotNullWhen(true)] out TokenText? token)
    {
        token = null;
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        var org = text.AsSpan(4, IdText.EncodedLength);
        var id = text.AsSpan(5 + IdText.EncodedLength, IdText.EncodedLength);
        if (!IdText.TryDecode(org, out var tenant) || !IdText.TryDecode(id, out var entity)) return false;
        token = new TokenText(new TenantId(tenant), new EntityId(entity), text[^SecretLength..]);
        return true;
    }

    /// <summary>SHA-256 in hex. A plain hash will do: the secret has 256 random bits, so that there is nothing to guess.</summary>
    public string SecretHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Secret)));

    /// <summary>Compares in constant time.</summary>
    public bool Matches(string? hash) => hash is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(SecretHash), Encoding.UTF8.GetBytes(hash));

    public override string ToString()
    {
        Span<char> ids = stackalloc char[2 * IdText.EncodedLength];
        IdText.Encode(Tenant.Value, ids);
        IdText.Encode(Id.Value, ids[IdText.EncodedLength..]);
        return $"{Prefix}{ids[..IdText.EncodedLength]}_{ids[IdText.EncodedLength..]}_{Secret}";
    }
}
