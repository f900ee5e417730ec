using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Keys;

/// <summary>A pair of keys that the cloud signs access tokens with. Kind <c>keypair</c>, platform scope: the private half is sealed and leaves the server never.</summary>
public sealed record KeyPairSpec
{
    /// <summary>For whose tokens: <c>client</c> or <c>human</c>.</summary>
    public required string Audience { get; init; }

    /// <summary>Always RS256.</summary>
    public required string Algorithm { get; init; }
}

public sealed record KeyPairStatus
{
    /// <summary>The first 16 bytes of the SHA-256 of the public half (SubjectPublicKeyInfo in DER), in hex; null while it is being made.</summary>
    public string? KeyId { get; init; }

    /// <summary>In PEM.</summary>
    public string? PublicKey { get; init; }

    /// <summary>In PKCS #8 and base64, sealed.</summary>
    public string? PrivateKey { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>What it signed is not accepted from then on; null: until it is invalidated.</summary>
    public DateTimeOffset? ValidTo { get; init; }
}

/// <summary>PENDING until it is made. An ACTIVE one may sign; an INVALIDATED one signs no more, and what it signed is accepted until its <c>validTo</c>.</summary>
public static class KeyPairKind
{
    public const string Client = "client";
    public const string Human = "human";
    public const string Rs256 = "RS256";

    public const string Active = "ACTIVE";
    public const string Pending = "PENDING";
    public const string Invalidated = "INVALIDATED";

    public static readonly IReadOnlyList<string> Audiences = [Human, Client];

    public static readonly Kind<KeyPairSpec, KeyPairStatus> Kind = new()
    {
        Name = "keypair",
        Plural = "keypairs",
        IdPrefix = "kyp",
        Scope = KindScope.Platform,
        Description = "A pair of keys that the cloud signs access tokens with.",
        Workflow = KindWorkflow.Load(typeof(KeyPairKind), "keypair.workflow.json"),
        InitialStatus = new KeyPairStatus(),
        HiddenStatus = ["privateKey"],
        UserCreates = false,
        Validate = Check,
        ValidateChange = (was, shall) => was == shall ? [] : [new("", "A key pair does not change: issue another one.")],
    };

    private static List<SpecFault> Check(KeyPairSpec spec)
    {
        var faults = new List<SpecFault>();
        if (!Audiences.Contains(spec.Audience)) faults.Add(new("audience", "It is human or client."));
        if (spec.Algorithm != Rs256) faults.Add(new("algorithm", "It is RS256."));
        return faults;
    }
}
