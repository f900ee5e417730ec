namespace Strata.Core.Sharing;

/// <summary>
/// How much there is of a common resource, and how much of it one organization may use. <see cref="Reserve"/> is kept for organizations
/// that use nothing at the moment, so that a newcomer is not refused because others came first; within these bounds everybody may use what
/// is idle.
/// </summary>
/// <param name="Total">In the resource's unit: places, or bytes. At least 1.</param>
public sealed record ShareSize(long Total)
{
    /// <summary>The most that one organization uses at a time; half of the total by default, at least 1.</summary>
    public long PerOrganizationMax { get; init; } = Math.Max(1, Total / 2);

    /// <summary>
    /// The last part of the total, which only organizations with nothing in use may take from; an eighth by default, at least 1, but 0
    /// where there is one place only.
    /// </summary>
    public long Reserve { get; init; } = Total > 1 ? Math.Max(1, Total / 8) : 0;

    /// <summary>
    /// Whether there is more than one organization; asked at each admission, so it must be cheap. While there is only one, it may use
    /// everything.
    /// </summary>
    public Func<bool> IsShared { get; init; } = static () => true;
}
