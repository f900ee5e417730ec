using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Keys;

/// <summary>ACTIVE, or INVALIDATED: then what it signed is trusted until its <c>validTo</c>.</summary>
public static class TrustedKeyKind
{
    private const int KeyIdCharactersMax = 200;
    private const int IssuersMax = 20;
    private const int IssuerCharactersMax = 1000;

    public static readonly Kind<TrustedKeySpec, TrustedKeyStatus> Kind = new()
    {
        Name = "trusted-key",
        Plural = Plurals.TrustedKeys,
        IdPrefix = "tky",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "A public key of an issuer whose tokens the organization trusts.",
        Workflow = KindWorkflow.Load(typeof(TrustedKeyKind), "trusted-key.workflow.json"),
        InitialStatus = new TrustedKeyStatus(),
        UserCreates = false,
        Validate = Check,
        ValidateChange = (was, next) =>
            JsonText.From(was, WireJson.Of<TrustedKeySpec>()) == JsonText.From(next, WireJson.Of<TrustedKeySpec>())
            ? [] : [new("", "A trusted key does not change: register another one.")],
    };

    private static List<ValidationError> Check(TrustedKeySpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.KeyId.Length is 0 or > KeyIdCharactersMax) faults.Add(new("keyId", $"It takes 1 to {KeyIdCharactersMax} characters."));
        if (!KeyPairKind.Audiences.Contains(spec.Audience)) faults.Add(new("audience", "It is human or client."));
        if (!TrustedJwk.TryRead(spec.Jwk, out _, out var fault)) faults.Add(new("jwk", fault));
        if (spec.Issuers.Count > IssuersMax || spec.Issuers.Any(i => i.Length is 0 or > IssuerCharactersMax))
            faults.Add(new("issuers", $"At most {IssuersMax}, each of 1 to {IssuerCharactersMax} characters."));
        return faults;
    }
}
