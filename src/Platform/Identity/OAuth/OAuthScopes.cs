using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Strata.Identity.OAuth;

/// <summary>What a program may ask a person for.</summary>
internal static class OAuthScopes
{
    /// <summary>To act as the person, with all that they may do in the program's organization.</summary>
    public const string Api = "strata";

    public static readonly IReadOnlyList<string> All = [Scopes.OpenId, Scopes.Profile, Scopes.Email, Scopes.OfflineAccess, Api];

    /// <summary>As a sentence about what the program can do; null: it says nothing to people.</summary>
    public static string? TextOf(string scope) => scope switch
    {
        Scopes.OpenId => "know that it is you",
        Scopes.Profile => "see your name",
        Scopes.Email => "see your e-mail address",
        Scopes.OfflineAccess => "do so while you are away, until you sign it out",
        Api => "act as you, with all that you may do in this organization",
        _ => null,
    };
}
