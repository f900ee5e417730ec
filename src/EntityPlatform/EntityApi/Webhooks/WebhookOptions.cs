namespace Strata.EntityApi.Webhooks;

/// <summary>How webhooks are delivered. Immutable.</summary>
public sealed record WebhookOptions
{
    /// <summary>
    /// True: also to this machine and private networks. Use only if everyone who may create a webhook may reach what the server can reach.
    /// </summary>
    public bool AllowPrivate { get; init; }

    /// <summary>After the first failure; twice as long after each further one, give or take a fifth.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From the connection to the answer's head.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
