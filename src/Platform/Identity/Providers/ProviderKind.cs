using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Providers;

/// <summary>ACTIVE, or INVALIDATED: then its tokens are refused.</summary>
public static class ProviderKind
{
    public const string Active = "ACTIVE";
    public const string WellKnown = "/.well-known/openid-configuration";
    public const string DefaultRolesClaim = "user_roles";

    private const int ListMax = 20;
    private const int TextCharactersMax = 1000;
    private const int ClaimCharactersMax = 100;

    public static readonly Kind<ProviderSpec, Nothing> Kind = new()
    {
        Name = "oidc-provider",
        Plural = Plurals.OidcProviders,
        IdPrefix = "oip",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "An OpenID Connect provider whose tokens open the organization to its users.",
        Workflow = KindWorkflow.Load(typeof(ProviderKind), "oidc-provider.workflow.json"),
        InitialStatus = Nothing.Instance,
        UserCreates = false, // by the contract's endpoint, which looks at the address first
        UserTransitions = ["invalidate", "reactivate"],
        Validate = Check,
        ValidateChange = (was, next) => was.WellKnownConfigUri == next.WellKnownConfigUri
            ? [] : [new("wellKnownConfigUri", "It does not change: register another provider.")],
    };

    public static IReadOnlyList<string> IssuersOf(ProviderSpec spec) => spec.Issuers.Count > 0
        ? spec.Issuers : [spec.WellKnownConfigUri[..^WellKnown.Length]];

    private static List<ValidationError> Check(ProviderSpec spec)
    {
        var faults = new List<ValidationError>();
        if (!IsAddress(spec.WellKnownConfigUri))
            faults.Add(
                new("wellKnownConfigUri",
                    $"It must be an http or https address that ends with {WellKnown}, of at most {TextCharactersMax} characters."));
        if (!IsList(spec.Issuers)) faults.Add(new("issuers", $"At most {ListMax}, each of 1 to {TextCharactersMax} characters."));
        if (spec.ExpectedAudiences.Count == 0 || !IsList(spec.ExpectedAudiences))
            faults.Add(
                new("expectedAudiences",
                    $"1 to {ListMax}, each of 1 to {TextCharactersMax} characters: what the provider puts into aud for this application."));
        if (spec.RolesClaim is { Length: 0 or > ClaimCharactersMax })
            faults.Add(new("rolesClaim", $"It takes 1 to {ClaimCharactersMax} characters."));
        return faults;
    }

    private static bool IsList(IReadOnlyList<string> list) =>
        list.Count <= ListMax && list.All(t => t.Length is > 0 and <= TextCharactersMax);

    private static bool IsAddress(string text) =>
        text.Length <= TextCharactersMax && text.EndsWith(WellKnown, StringComparison.Ordinal) && !text.Any(char.IsControl)
        && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
        && url.Query.Length == 0;
}
