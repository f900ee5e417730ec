
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>The next steps, in this order. Doing part of them and then deciding again is always correct.</summary>
internal sealed record RolloutPlan
{
    /// <summary>Id of the release to create instances of, and how many.</summary>
    public (string Release, int Count)? Create { get; init; }

    /// <summary>Who gets the requests from now on.</summary>
    public IReadOnlyList<RouteTarget> Targets { get; init; } = [];

    /// <summary>Why nothing serves; null when something does.</summary>
    public string? RouteMessage { get; init; }

    /// <summary>Ids of instances that get no new requests.</summary>
    public IReadOnlyList<string> Drain { get; init; } = [];

    /// <summary>Ids of instances to stop.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Ids of instances to delete.</summary>
    public IReadOnlyList<string> Delete { get; init; } = [];

    /// <summary>How the rollout ends now; null: it does not.</summary>
    public RolloutEnd? End { get; init; }

    /// <summary>Id of the release that serves, after this plan.</summary>
    public string? Serving { get; init; }

    /// <summary>It is a static site.</summary>
    public bool Static { get; init; }

    /// <summary>Ready instances that get requests.</summary>
    public int Ready { get; init; }

    /// <summary>What it waits for, as a sentence; null: nothing.</summary>
    public string? Message { get; init; }

    /// <summary>When to decide again even if nothing changes; null: no need.</summary>
    public TimeSpan? LookAgain { get; init; }
}

/// <summary>The end of a rollout: one of the three.</summary>
internal abstract record RolloutEnd
{
    private RolloutEnd() { }

    /// <summary>The wanted release serves with all replicas.</summary>
    public sealed record Settle : RolloutEnd;

    /// <summary>The wanted release will never serve; the previous one still serves and is wanted again.</summary>
    public sealed record Fail(string Message) : RolloutEnd;

    /// <summary>All instances are gone: the deployment can be deleted.</summary>
    public sealed record Removed : RolloutEnd;
}
