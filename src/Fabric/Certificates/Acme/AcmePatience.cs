using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// How long one order waits for the server, all its waits together. It begins with the first wait, so that what a solver needs to present
/// proofs does not count.
/// </summary>
internal sealed class AcmePatience(TimeSpan total, TimeProvider time)
{
    /// <summary>Between two questions at least, whatever the server says.</summary>
    public static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(250);

    /// <summary>Where the server does not say when to ask again.</summary>
    private static readonly ExponentialBackOff pauses = new(PauseMin, TimeSpan.FromSeconds(5));

    private DateTimeOffset? deadline;

    /// <summary>Waits before the next question.</summary>
    /// <param name="asked">How often the question was asked.</param>
    /// <param name="retryAfter">As the server wishes; null: it did not say.</param>
    /// <param name="what">What is waited for, for the error: the server asks for more time than is left.</param>
    public async Task<Result<Done>> PauseAsync(int asked, TimeSpan? retryAfter, string what, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        deadline ??= now + total;
        var pause = retryAfter ?? pauses.After(asked);
        if (pause < PauseMin) pause = PauseMin;
        if (now + pause > deadline) return AcmeErrors.TimedOut(what, total, retryAfter);
        await Task.Delay(pause, time, cancellationToken);
        return new Done();
    }
}
