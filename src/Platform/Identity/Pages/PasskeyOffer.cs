namespace Strata.Identity.Pages;

/// <summary>
/// A form of a page by which the browser makes or uses a passkey. A page that has one gets the script that does it, and no page else.
/// </summary>
/// <param name="Action">Where the form leads.</param>
/// <param name="Options">For the browser, as JSON.</param>
/// <param name="Sealed">The challenge, as the form sends it back.</param>
public sealed record PasskeyOffer(string Action, string Options, string Sealed)
{
    /// <summary>Of the script.</summary>
    public const string ScriptPath = "/sign-in/passkey.js";

    /// <summary>A new one is made.</summary>
    public bool IsNew { get; init; }

    /// <summary>The browser proposes it with the address too.</summary>
    public bool IsProposed { get; init; }

    /// <summary>Of the names of its fields, where a form has others of those names.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What else the form sends.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; init; } = [];
}
