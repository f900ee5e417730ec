namespace Strata.Entities.Engine;

/// <summary>What became of a scheduled transition whose time had come.</summary>
public enum ScheduleOutcome
{
    /// <summary>It was taken.</summary>
    Fired,

    /// <summary>It was no longer armed, or the entity is gone; nothing was written.</summary>
    Stale,

    /// <summary>It came too late and is disarmed.</summary>
    Expired,

    /// <summary>Its criterion did not hold; it is disarmed.</summary>
    Declined,

    /// <summary>The entity's workflow has it no more; it is disarmed.</summary>
    Cancelled,

    /// <summary>It was no transition but a processor's answer, lost with the server that waited for it; the trail says so.</summary>
    Abandoned,

    /// <summary>
    /// It failed and is armed again, later each time, until it has failed <see cref="ScheduleRetry.FailuresMax"/> times in a row.
    /// </summary>
    Failed,

    /// <summary>The entity changed meanwhile; it is looked at again in the next round.</summary>
    Conflict,
}
