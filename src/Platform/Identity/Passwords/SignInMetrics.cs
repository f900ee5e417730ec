using System.Diagnostics.Metrics;

namespace Strata.Identity.Passwords;

/// <summary>How many people signed in, and how many were not let in.</summary>
internal sealed class SignInMetrics : IDisposable
{
    public const string Password = "password";
    public const string Passkey = "passkey";

    private readonly Meter meter = new("Strata.Identity");
    private readonly Counter<long> signIns;

    public SignInMetrics() => signIns = meter.CreateCounter<long>(
        "strata.identity.sign_ins", null, "Sign-ins by method (password, passkey) and outcome: done, refused, too_many, busy.");

    public void Count(SignInOutcome outcome, string method = Password) => signIns.Add(
        1, KeyValuePair.Create("outcome", (object?)NameOf(outcome)), KeyValuePair.Create("method", (object?)method));

    public void Dispose() => meter.Dispose();

    private static string NameOf(SignInOutcome outcome) => outcome switch
    {
        SignInOutcome.Done => "done",
        SignInOutcome.TooMany => "too_many",
        SignInOutcome.Busy => "busy",
        _ => "refused",
    };
}
