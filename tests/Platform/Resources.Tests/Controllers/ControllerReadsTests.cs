using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Tests.Support;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Controllers;

/// <summary>
/// What controllers cost the store: nothing while nothing changes, and for a change the same however many resources there are.
/// </summary>
public sealed class ControllerReadsTests
{
    [Fact]
    public async Task Run_WhileNothingChanges_PeriodsReadNothing()
    {
        await using var cloud = await FilledAsync(50);
        var controller = new LampController(Nothing) { LookEvery = TimeSpan.FromMilliseconds(50) };
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.Looks.Count >= 100, "the first two looks at everything");
        var (before, looks) = (cloud.Log.Reads, controller.Looks.Count);
        await Wait.UntilAsync(() => controller.Looks.Count >= looks + 500, "ten periods");
        Assert.Equal(before, cloud.Log.Reads);
        await StopAsync(host);
    }

    [Fact]
    public async Task Run_AChange_CostsTheSameReads_AmongFewAndAmongMany()
    {
        Assert.Equal(await ReadsOfTenChangesAsync(50), await ReadsOfTenChangesAsync(1000));
    }

    private static async Task<int> ReadsOfTenChangesAsync(int lamps)
    {
        await using var cloud = await FilledAsync(lamps);
        var controller = new LampController(Nothing);
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.Looks.Count == lamps, "the first look at everything");
        var before = cloud.Log.Reads;
        for (var i = 1; i <= 10; i++)
        {
            await cloud.SetHoursAsync("lamp-7", i);
            await Wait.UntilAsync(() => controller.Looks.Count == lamps + i, "the change reaches the controller");
        }
        var reads = cloud.Log.Reads - before;
        await StopAsync(host);
        return reads;
    }

    private static async Task<TestCloud> FilledAsync(int lamps)
    {
        var cloud = await TestCloud.StartAsync();
        for (var i = 0; i < lamps; i++) await cloud.AddLampAsync($"lamp-{i}");
        await cloud.Feed.StopAsync(default); // the host has its own
        return cloud;
    }

    private static Task<TimeSpan?> Nothing(Resource<LampSpec, LampStatus> lamp, CancellationToken cancellationToken) =>
        Task.FromResult<TimeSpan?>(null);

    private static async Task<ServiceProvider> StartAsync(TestCloud cloud, LampController controller)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddSingleton<IEntityLog>(cloud.Log)
            .AddSingleton<ILeases>(new MemoryLeases(TimeProvider.System)).AddSingleton(cloud.Lamps);
        services.AddController<LampController, LampSpec, LampStatus>();
        services.AddSingleton(controller);
        var provider = services.BuildServiceProvider();
        foreach (var part in provider.GetServices<IHostedService>()) await part.StartAsync(default);
        return provider;
    }

    private static async Task StopAsync(ServiceProvider host)
    {
        foreach (var part in host.GetServices<IHostedService>().Reverse()) await part.StopAsync(default);
    }
}
