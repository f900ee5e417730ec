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
    /// <param name="knownAs">What the browser is known as for a person, by their id; null: it is not.</param>
    /// <returns>The person, where the outcome is Done.</returns>
    public async ValueTask<(SignInOutcome Outcome, PersonResource? Person)> CheckAsync(
        string email, string password, string source, Func<string?, string?> knownAs, CancellationToken cancellationToken)
    {
        var account = EmailAddress.Normal(email) ?? "";
        var person = account.Length > 0 ? await people.FindByEmailAsync(account, cancellationToken) : null;
        var browser = knownAs(person?.Id);
        var outcome = await JudgeAsync();
        metrics.Count(outcome);
        if (outcome != SignInOutcome.Done) LogRefused(outcome, person?.Name ?? "nobody", source);
        return (outcome, outcome == SignInOutcome.Done ? person : null);

        async ValueTask<SignInOutcome> JudgeAsync()
        {
            if (!limit.TryBegin(account, source, browser)) return SignInOutcome.TooMany;
            if (await people.HasPasswordAsync(person, password, cancellationToken) is not { } isRight) return SignInOutcome.Busy;
            if (!isRight || person is null || !PersonStore.IsAdmitted(person)) return SignInOutcome.Refused;
            limit.Succeeded(account, source, browser);
            return SignInOutcome.Done;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A sign-in with a password was not let in ({Outcome}): {Person}, from {Source}.")]
    private partial void LogRefused(SignInOutcome outcome, string person, string source);
}
