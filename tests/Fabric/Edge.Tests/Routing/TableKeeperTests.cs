using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Background;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Routing;

public sealed class TableKeeperTests
{
    [Fact]
    public async Task Keep_ManyTables_WritesFewAndTheNewestLast()
    {
        using var folder = new TempFolder();
        var file = new TableFile(Path.Combine(folder.Path, "table.json"), NullLogger.Instance);
        var keeper = new TableKeeper(file, TimeProvider.System, NullLogger.Instance);
        var supervisor = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance);
        await using (supervisor.Start("keeper", keeper.RunAsync))
        {
            for (var i = 0; i < 1000; i++) keeper.Keep(Table(i));
            await Wait.UntilAsync(() => File.Exists(Path.Combine(folder.Path, "table.json")), "one is written");
            keeper.Keep(Table(1000));
        }
        await keeper.FlushAsync(); // as at the edge's end
        Assert.Equal("host-1000", Assert.Single((await file.ReadAsync())!.Routes).Host);
    }

    [Fact]
    public async Task Flush_ToAFolderThatIsGone_LeavesTheEdgeAlone()
    {
        var keeper = new TableKeeper(
            new TableFile("/nowhere/at/all/table.json", NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
        keeper.Keep(Table(1));
        await keeper.FlushAsync();
    }

    private static TableSnapshot Table(int number) =>
        new([new RouteRecord { Id = "rte_1", Org = "org_1", Host = $"host-{number}", DeploymentName = "app" }], []);
}
