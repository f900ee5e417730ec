using Strata.Identity.People;
using Strata.Identity.Tokens;

namespace Strata.Identity.Passwords;

/// <summary>A browser in which someone has signed in before.</summary>
/// <param name="Name">No other browser's.</param>
/// <param name="Stamp">Of who it was, as they were: see <see cref="PersonStore.StampOf"/>.</param>
internal sealed record KnownBrowser(string Name, string Stamp);

/// <summary>
/// How often passwords can be tried: by source and by account, so that neither many accounts nor many sources help. A browser in which the
/// account was signed in before has a count of its own, so that guessers keep nobody out of where they usually sign in. Safe for concurrent
/// use.
/// </summary>
internal sealed class SignInLimit(TimeProvider time)
{
    private const int OfSourceMax = 30;
    private const int OfAccountMax = 10;
    private const int OfBrowserMax = 10;

    /// <summary>How long an attempt counts.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    public GuessLimit Sources { get; } = new(OfSourceMax, Window, time);

    /// <summary>By the address that was entered.</summary>
    public GuessLimit Accounts { get; } = new(OfAccountMax, Window, time);

    public GuessLimit Browsers { get; } = new(OfBrowserMax, Window, time);
}

/// <summary>One attempt, which counts from its beginning until it is forgiven.</summary>
internal sealed class SignInAttempt(SignInLimit limit, string account, string source, KnownBrowser? browser)
{
    private bool isKnown = browser is not null;

    /// <returns>False: nothing is to be looked at.</returns>
    public bool TryBegin() => browser is null ? TryAsStranger() : limit.Browsers.TryBegin(browser.Name);

    /// <param name="stamp">Of the account's person; null: there is none.</param>
    /// <returns>False: the password is not to be looked at.</returns>
    public bool TryContinue(string? stamp)
    {
        if (browser is null || browser.Stamp == stamp) return true;
        isKnown = false; // it is another one's, or was known by another password
        return TryAsStranger();
    }

    /// <summary>It counts no more: it has succeeded, or was not looked at in the end.</summary>
    public void Forgive()
    {
        if (browser is not null) limit.Browsers.Forgive(browser.Name);
        if (isKnown) return;
        limit.Sources.Forgive(source);
        limit.Accounts.Forgive(account);
    }

    private bool TryAsStranger() => limit.Sources.TryBegin(source) && limit.Accounts.TryBegin(account);
}
