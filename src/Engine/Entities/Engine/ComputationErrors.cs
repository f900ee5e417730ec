using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Engine;

/// <summary>The errors of every <see cref="IComputation"/> where no member is connected.</summary>
public static class ComputationErrors
{
    public const string NoMemberCode = "NO_COMPUTE_MEMBER_FOR_TAG";

    public static Error NoMember(string name, IReadOnlyList<string> tags) => new(
        ErrorKind.Unavailable, NoMemberCode,
        $"No compute member serves \"{Quote.Shorten(name)}\"{(tags.Count == 0 ? "" : $" for the tags {Quote.Shorten(string.Join(", ", tags))}")}.",
        "Connect one, then try again.") { Retryable = true };

    internal static Error DispatchTimeout(string name, TimeSpan timeout) => new(
        ErrorKind.Unavailable, "DISPATCH_TIMEOUT", $"\"{Quote.Shorten(name)}\" did not answer within {timeout.TotalMilliseconds:0} ms.",
        "Try again, or allow it more time by responseTimeoutMs.") { Retryable = true };

    internal static Error Failed(string name, Exception cause) => new(
        ErrorKind.Invalid, "WORKFLOW_FAILED", $"\"{Quote.Shorten(name)}\" failed: {Quote.Shorten(cause.Message)}");
}
