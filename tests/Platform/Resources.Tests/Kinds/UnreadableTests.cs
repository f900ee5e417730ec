using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Kinds;

/// <summary>One document that cannot be read as a resource must not end a listing.</summary>
public sealed class UnreadableTests
{
    [Fact]
    public async Task All_WithADocumentThatCannotBeRead_ReturnsTheOthersAndReportsItOnce()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("first");
        var bad = EntityId.New(TimeProvider.System);
        var text = JsonText.FromString("""{"name":"odd","project":"prj_1","spec":{"color":"red","watts":"many"},"status":{}}""");
        Assert.True((await cloud.Engine.CreateAsync(cloud.Caller, LampKind.Kind.Model, bad, text, null, default)).IsOk);
        await cloud.AddLampAsync("last");
        var found = new List<EntityId>();
        cloud.Engine.Unreadable.Found += (revision, _) => found.Add(revision.Id);

        for (var look = 0; look < 2; look++)
        {
            var names = new List<string>();
            await foreach (var lamp in cloud.Lamps.AllAsync(null, null, default)) names.Add(lamp.Name);
            Assert.Equal(["first", "last"], names.Order());
            var page = await cloud.Lamps.ListAsync(new ResourceQuery(cloud.Caller.Tenant), default);
            Assert.Equal(2, page.Value.Items.Count);
        }
        Assert.Equal([bad], found);
        Assert.Equal(1, cloud.Engine.Unreadable.Count);
    }
}
