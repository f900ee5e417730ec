using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Identity.Keys;

/// <summary>A key pair, ready to be used.</summary>
/// <param name="State">As <see cref="KeyPairKind"/> has it.</param>
/// <param name="ResourceId">Of its entity.</param>
internal sealed record SigningKey(
    string ResourceId, string KeyId, string Audience, string State, RsaSecurityKey Key, string PublicKey, DateTimeOffset ValidFrom,
    DateTimeOffset? ValidTo,
    DateTimeOffset CreatedAt, long Revision)
{
    /// <summary>Whether it may sign.</summary>
    public bool Signs(DateTimeOffset now) => State == KeyPairKind.Active && Verifies(now);

    /// <summary>Whether what it signed is accepted.</summary>
    public bool Verifies(DateTimeOffset now) => ValidFrom <= now && (ValidTo is { } end ? now < end : State == KeyPairKind.Active);

    /// <summary>Bound to the key's own id, so that no other entity's sealed text opens as a key.</summary>
    public static string ContextOf(string keyId) => "keypair/" + keyId;

    public static string IdOf(RSA key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 16));

    /// <summary>Null for one that is not made yet, or was sealed under another cloud's key.</summary>
    public static SigningKey? Of(Resource<KeyPairSpec, KeyPairStatus> pair, SealedSecrets secrets)
    {
        var status = pair.Status;
        if (status is not { KeyId: { } id, PrivateKey: { } text, PublicKey: { } publicKey, ValidFrom: { } from }
            || secrets.Open(text, ContextOf(id)) is not { } opened) return null;
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Convert.FromBase64String(opened), out _);
        return new SigningKey(
            pair.Id, id, pair.Spec.Audience, pair.State, new RsaSecurityKey(rsa) { KeyId = id }, publicKey, from, status.ValidTo,
            pair.CreatedAt, pair.Revision);
    }
}
