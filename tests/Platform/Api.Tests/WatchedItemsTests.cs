using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Tests;

public sealed class WatchedItemsTests
{
    private static readonly EntityId One = EntityId.New(TimeProvider.System);
    private static readonly EntityId Two = EntityId.New(TimeProvider.System);

    [Fact]
    public void Change_WithoutAFilter_IsSentAndNotRemembered()
    {
        var items = new WatchedItems(hasFilter: false, isOfOneLog: true);
        items.Listed(Of(One, 5));
        Assert.True(items.IsToSend(Of(Two, 6), matches: true));
        Assert.True(items.IsToSend(Of(One, 7), matches: false)); // gone
        Assert.Equal(0, items.Count);
    }

    [Fact]
    public void Change_OfWhatMetTheFilter_IsSentOnceAsGone()
    {
        var items = new WatchedItems(hasFilter: true, isOfOneLog: true);
        items.Listed(Of(One, 5));
        Assert.False(items.IsToSend(Of(Two, 6), matches: false));
        Assert.True(items.IsToSend(Of(One, 7), matches: false));
        Assert.False(items.IsToSend(Of(One, 8), matches: false));
        Assert.Equal(0, items.Count);
    }

    [Fact]
    public void Change_OfAnotherOrganizationsResourceOfTheSameId_IsAnother()
    {
        var items = new WatchedItems(hasFilter: true, isOfOneLog: false);
        items.Listed(Of(One, 5));
        Assert.False(items.IsToSend(Of(One, 6) with { Tenant = TenantId.Platform }, matches: false));
        Assert.True(items.IsToSend(Of(One, 7), matches: false));
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
