using Strata.Identity.Tokens;

namespace Strata.Identity.Passwords;

/// <summary>
/// How often passwords can be tried: by source and by account, so that neither many accounts nor many sources help. A browser in which the
/// account was signed in before has a count of its own, so that guessers keep nobody out of where they usually sign in. An attempt counts
/// until it has succeeded. Safe for concurrent use.
/// </summary>
internal sealed class SignInLimit(TimeProvider time)
{
    private const int OfSourceMax = 30;
    private const int OfAccountMax = 10;
    private const int OfBrowserMax = 10;

    /// <summary>How long an attempt counts.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly GuessLimit sources = new(OfSourceMax, Window, time);
    private readonly GuessLimit accounts = new(OfAccountMax, Window, time);
    private readonly GuessLimit browsers = new(OfBrowserMax, Window, time);

    /// <param name="account">The address that was entered.</param>
    /// <param name="browser">Null: it is not known for this account.</param>
    /// <returns>False: the password is not to be looked at.</returns>
    public bool TryBegin(string account, string source, string? browser)
    {
        if (browser is not null) return browsers.TryBegin(browser);
        return sources.TryBegin(source) && accounts.TryBegin(account);
    }

    public void Succeeded(string account, string source, string? browser)
    {
        if (browser is not null)
        {
            browsers.Forgive(browser);
            return;
        }
        sources.Forgive(source);
        accounts.Forgive(account);
    }
}
