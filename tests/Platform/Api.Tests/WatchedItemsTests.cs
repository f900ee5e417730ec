using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Tests;

public sealed class WatchedItemsTests
{
    private static readonly EntityId One = EntityId.New(TimeProvider.System);
    private static readonly EntityId Two = EntityId.New(TimeProvider.System);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Change_ThatTheListHad_IsNotSentAgain(bool hasFilter)
    {
        var items = new WatchedItems(hasFilter, isOfOneLog: true);
        items.Listed(Of(One, 5));
        items.Listed(Of(Two, 7));
        items.Reached(new Revision(4));
        Assert.False(items.IsToSend(Of(One, 5), matches: true));
        Assert.True(items.IsToSend(Of(One, 6), matches: true));
        Assert.False(items.IsToSend(Of(Two, 7), matches: true));
    }

    [Fact]
    public void Reached_BehindTheList_RemembersNothingWithoutAFilter()
    {
        var items = new WatchedItems(hasFilter: false, isOfOneLog: true);
        items.Listed(Of(One, 5));
        items.Reached(new Revision(5));
        Assert.Equal(0, items.Count);
        Assert.True(items.IsToSend(Of(Two, 6), matches: true));
        Assert.True(items.IsToSend(Of(One, 7), matches: false)); // gone
        Assert.Equal(0, items.Count);
    }

    [Fact]
    public void Reached_BehindTheList_RemembersWhatMeetsTheFilter_AndThatItLeft()
    {
        var items = new WatchedItems(hasFilter: true, isOfOneLog: true);
        items.Listed(Of(One, 5));
        items.Reached(new Revision(5));
        Assert.False(items.IsToSend(Of(Two, 6), matches: false));
        Assert.True(items.IsToSend(Of(One, 7), matches: false));
        Assert.False(items.IsToSend(Of(One, 8), matches: false));
        Assert.Equal(0, items.Count);
    }

    [Fact]
    public void IsFull_WithMoreMatchesThanAreRemembered_IsTrue()
    {
        var items = new WatchedItems(hasFilter: true, isOfOneLog: true);
        for (var i = 0; i <= WatchedItems.CountMax; i++) items.Listed(Of(EntityId.New(TimeProvider.System), 1));
        Assert.True(items.IsFull);
    }

    private static EntityRevision Of(EntityId id, long revision) => new()
    {
        Tenant = default, Id = id, Model = new ModelKey("widget", 1), Revision = new Revision(revision), Commit = default,
        State = "NEW", Document = JsonText.EmptyObject,
        CreatedAt = default, ChangedAt = default, ChangedBy = "user:test",
    };
}
