namespace Strata.Blobs.Tests;

/// <summary>The clock of a server that is ahead.</summary>
internal sealed class ShiftedTime(TimeSpan ahead) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
}
