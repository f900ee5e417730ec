namespace Strata.Core;

/// <summary>
/// As of when to read. Latest by default; a time is inclusive. Commit times never decrease along a log, so a time
/// names one revision: the last whose commit time is not after it.
/// </summary>
public readonly record struct AsOf
{
    public static readonly AsOf Latest;

    public DateTimeOffset? Time { get; private init; }

    public Revision? Revision { get; private init; }

    public bool IsLatest => Time is null && Revision is null;

    public static AsOf At(DateTimeOffset time) => new() { Time = time };

    public static AsOf At(Revision revision) => new() { Revision = revision };
}
