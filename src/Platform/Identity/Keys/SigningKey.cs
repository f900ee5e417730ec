using Microsoft.IdentityModel.Tokens;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Identity.Keys;

/// <summary>A key pair, ready to be used.</summary>
/// <param name="State">As <see cref="KeyPairKind"/> has it.</param>
/// <param name="ResourceId">Of its entity.</param>
internal sealed record SigningKey(
    string ResourceId, string KeyId, string Audience, string Algorithm, string State, SecurityKey Key, string PublicKey,
    DateTimeOffset ValidFrom, DateTimeOffset? ValidTo, DateTimeOffset CreatedAt, long Revision)
{
    /// <summary>Made once: the library keeps what it needs to sign with it.</summary>
    public SigningCredentials Credentials { get; } = new(Key, Algorithm);

    /// <summary>Whether it may sign.</summary>
    public bool Signs(DateTimeOffset now) => State == KeyPairKind.Active && Verifies(now);

    /// <summary>Whether what it signed is accepted.</summary>
    public bool Verifies(DateTimeOffset now) => ValidFrom <= now && IsPublished(now);

    /// <summary>Whether the key set has it: before it signs, so that who keeps the set for a while has it in time.</summary>
    public bool IsPublished(DateTimeOffset now) => ValidTo is { } end ? now < end : State == KeyPairKind.Active;

    /// <summary>Bound to the key's own id, so that no other entity's sealed text opens as a key.</summary>
    public static string ContextOf(string keyId) => "keypair/" + keyId;

    /// <summary>Null for one that is not made yet, or was sealed under another cloud's key.</summary>
    public static SigningKey? Of(Resource<KeyPairSpec, KeyPairStatus> pair, SealedSecrets secrets)
    {
        var status = pair.Status;
        if (status is not { KeyId: { } id, PrivateKey: { } text, PublicKey: { } publicKey, ValidFrom: { } from }
            || secrets.Open(text, ContextOf(id)) is not { } opened) return null;
        var key = KeyMaterial.Open(pair.Spec.Algorithm, Convert.FromBase64String(opened), id);
        return new SigningKey(
            pair.Id, id, pair.Spec.Audience, pair.Spec.Algorithm, pair.State, key, publicKey, from, status.ValidTo, pair.CreatedAt,
            pair.Revision);
    }
}
