using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Keys;

/// <summary>
/// PENDING until it is made. An ACTIVE one may sign; an INVALIDATED one signs no more, and what it signed is accepted until its
/// <c>validTo</c>.
/// </summary>
public static class KeyPairKind
{
    public const string Client = "client";
    public const string Human = "human";
    public const string Rs256 = "RS256";
    public const string Es256 = "ES256";

    /// <summary>Ed25519 (RFC 8037).</summary>
    public const string EdDsa = "EdDSA";

    public const string Active = "ACTIVE";
    public const string Pending = "PENDING";
    public const string Invalidated = "INVALIDATED";

    public static readonly IReadOnlyList<string> Audiences = [Human, Client];

    /// <summary>The first is what every OpenID Connect library and the contract of the entity API take.</summary>
    public static readonly IReadOnlyList<string> Algorithms = [Rs256, Es256, EdDsa];

    public static readonly Kind<KeyPairSpec, KeyPairStatus> Kind = new()
    {
        Name = "keypair",
        Plural = Plurals.KeyPairs,
        IdPrefix = "kyp",
        Scope = KindScope.Platform,
        Readers = [],
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "A pair of keys that the cloud signs access tokens with.",
        Workflow = KindWorkflow.Load(typeof(KeyPairKind), "keypair.workflow.json"),
        InitialStatus = new KeyPairStatus(),
        HiddenStatus = ["privateKey"],
        SealedStatus =
        [
            new SealedMember("privateKey", k => SigningKey.ContextOf(ResourceDocument.ReadText(k.Document, "status", "keyId") ?? "")),
        ],
        UserCreates = false,
        Validate = Check,
        ValidateChange = (was, next) => was == next ? [] : [new("", "A key pair does not change: issue another one.")],
    };

    private static List<ValidationError> Check(KeyPairSpec spec)
    {
        var faults = new List<ValidationError>();
        if (!Audiences.Contains(spec.Audience)) faults.Add(new("audience", "It is human or client."));
        if (!Algorithms.Contains(spec.Algorithm)) faults.Add(new("algorithm", $"It is one of {string.Join(", ", Algorithms)}."));
        return faults;
    }
}
