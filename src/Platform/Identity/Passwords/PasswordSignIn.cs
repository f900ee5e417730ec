using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Identity.People;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Passwords;

/// <summary>How a sign-in with a password went.</summary>
internal enum SignInOutcome
{
    Done,

    /// <summary>There is no such person, or the password is wrong, or they may not sign in: nobody learns which.</summary>
    Refused,

    /// <summary>It was not looked at: there were too many attempts.</summary>
    TooMany,

    /// <summary>It was not looked at: the server has too many passwords to check.</summary>
    Busy,
}

/// <summary>Checks addresses and passwords. Safe for concurrent use.</summary>
internal sealed partial class PasswordSignIn(PersonStore people, SignInLimit limit, SignInMetrics metrics, ILogger<PasswordSignIn> log)
{
    /// <param name="source">Where the request comes from.</param>
    /// <param name="browser">Null: nobody is known to have signed in there before.</param>
    /// <returns>The person, where the outcome is Done.</returns>
    public async ValueTask<(SignInOutcome Outcome, PersonResource? Person)> CheckAsync(
        string email, string password, string source, KnownBrowser? browser, CancellationToken cancellationToken)
    {
        var account = EmailAddress.Normal(email) ?? "";
        var attempt = new SignInAttempt(limit, account, source, browser);
        // Before anything is read: attempts that are not looked at cost nothing.
        var (outcome, person) = attempt.TryBegin() ? await JudgeAsync(attempt, account, password, cancellationToken)
            : (SignInOutcome.TooMany, null);
        metrics.Count(outcome);
        if (outcome != SignInOutcome.Done) LogRefused(outcome, person?.Name ?? "nobody", source);
        return (outcome, outcome == SignInOutcome.Done ? person : null);
    }

    private async ValueTask<(SignInOutcome, PersonResource?)> JudgeAsync(
        SignInAttempt attempt, string account, string password, CancellationToken cancellationToken)
    {
        var person = account.Length > 0 ? await people.FindByEmailAsync(account, cancellationToken) : null;
        if (!attempt.TryContinue(person is null ? null : PersonStore.StampOf(person))) return (SignInOutcome.TooMany, person);
        var outcome = SignInOutcome.Busy;
        try
        {
            if (await people.HasPasswordAsync(person, password, cancellationToken) is not { } isRight) return (outcome, person);
            outcome = isRight && person is not null && PersonStore.IsAdmitted(person) ? SignInOutcome.Done : SignInOutcome.Refused;
            return (outcome, person);
        }
        finally
        {
            // Only passwords that were looked at count, so that a flood of requests to a busy server locks no one out.
            if (outcome != SignInOutcome.Refused) attempt.Forgive();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A sign-in with a password was not let in ({Outcome}): {Person}, from {Source}.")]
    private partial void LogRefused(SignInOutcome outcome, string person, string source);
}
