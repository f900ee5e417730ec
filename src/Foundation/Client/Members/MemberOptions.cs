namespace Strata.Client;

/// <summary>What a <see cref="ComputeMember"/> serves, and how.</summary>
public sealed record MemberOptions
{
    /// <summary>What workflows name in calculationNodesTags.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>
    /// Calls worked on at once, 1 to 10,000. As many wait, with 64 MiB of data; what comes beyond that is answered with MEMBER_BUSY.
    /// </summary>
    public int ConcurrentCallsMax { get; init; } = 64;

    /// <summary>
    /// How long a cancelled member takes to finish its calls and leave. Past it the handlers' token is cancelled and the connection is
    /// cut, whatever the server says. 0 to 24 hours; longer than the longest responseTimeoutMs is of no use.
    /// </summary>
    public TimeSpan LeaveTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Called when a call has finished; must return quickly.</summary>
    public Action<CallReport>? OnCall { get; init; }

    /// <summary>Called when the member has joined, also after a reconnect.</summary>
    public Action? OnJoined { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
