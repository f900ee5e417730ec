using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

public abstract partial class LogContract
{
    [Fact]
    public async Task Follow_SomeModels_GivesTheirsAndMovesOnPastTheOthers()
    {
        var (lamp, order2) = (new ModelKey("strata.lamp", 1), new ModelKey("order", 2));
        await Log.CommitAsync(tenant, Create(Entity()), Create(Entity(), model: lamp));
        await Log.CommitAsync(tenant, Create(Entity(), model: order2));
        await Log.CommitAsync(tenant, Create(Entity(), model: lamp));
        var last = await Log.CommitAsync(tenant, Create(Entity(), model: new ModelKey("strata/", 1)));

        Assert.Equal([1, 1, 2, 3, 4], await FollowedAsync(ModelFilter.All));
        Assert.Equal([1, 2, 4], await FollowedAsync(ModelFilter.Users));
        Assert.Equal([1, 3], await FollowedAsync(ModelFilter.Named(["strata.lamp"])));
        Assert.Equal([1, 2], await FollowedAsync(ModelFilter.Named(["order"])));
        Assert.Equal([2], await FollowedAsync(ModelFilter.Of([new ModelPattern("order", 2)])));
        Assert.Equal([1, 1, 3], await FollowedAsync(ModelFilter.Of([new ModelPattern("order", 1), new ModelPattern("strata.lamp", null)])));
        Assert.Empty(await FollowedAsync(ModelFilter.Named(["none"])));
        Assert.Equal(last.Revision, (await FollowAsync(Revision.None, 10, ModelFilter.Named(["none"]))).Position);
        Assert.Equal(new Revision(9), (await FollowAsync(new Revision(9), 10, ModelFilter.All)).Position);
    }

    [Fact]
    public async Task Follow_LargeDocuments_ComesInSmallPagesOfWholeCommits()
    {
        var large = $$"""{"text":"{{new string('x', Follow.BytesMax / 2)}}"}""";
        await Log.CommitAsync(tenant, Create(Entity(), large), Create(Entity(), large), Create(Entity(), large));
        for (var i = 0; i < 4; i++) await Log.CommitAsync(tenant, Create(Entity(), large));
        var (position, pages) = (Revision.None, new List<int>());
        while (position.Value < 5)
        {
            var page = await FollowAsync(position, 1000, ModelFilter.All);
            Assert.Equal(page.Changes[^1].Revision, page.Position);
            pages.Add(page.Changes.Count);
            position = page.Position;
        }
        Assert.Equal((3, 7), (pages[0], pages.Sum()));
        Assert.All(pages.Skip(1), count => Assert.InRange(count, 1, 2));
    }

    private ValueTask<FollowPage> FollowAsync(Revision after, int limit, ModelFilter models) =>
        Log.FollowAsync(new Follow { Tenant = tenant, After = after, Limit = limit, Models = models }, CancellationToken.None);

    /// <summary>Page by page, one change at a time.</summary>
    private async Task<List<long>> FollowedAsync(ModelFilter models)
    {
        var (found, head) = (new List<long>(), await Log.HeadAsync(tenant, CancellationToken.None));
        for (var page = await FollowAsync(Revision.None, 1, models); ; page = await FollowAsync(page.Position, 1, models))
        {
            found.AddRange(page.Changes.Select(c => c.Revision.Value));
            if (page.Position == head) return found;
        }
    }
}
