using Strata.Server.Parts;

namespace Strata.Server.Tests.Hosting;

/// <summary>The status says what it knows of the database's disk, also where that cannot be read.</summary>
public sealed class DatabaseDiskTests
{
    [Fact]
    public void DiskFault_OfAFolderThatIsGone_IsUnknown() =>
        Assert.Contains("unknown", DatabasePart.DiskFault("/nowhere/at/all"), StringComparison.Ordinal);
}
