using Strata.Certificates.Issuing;
using Strata.TestSupport;

namespace Strata.Certificates.Tests.Issuing;

/// <summary>How much the cloud asks public authorities for.</summary>
public class OrderPlacesTests
{
    private readonly FakeTime time = new();

    [Fact]
    public void Places_AreSoManyAtATime_AndFewerOfOneOrganization()
    {
        var places = new OrderPlaces(time);
        var taken = Enumerable.Range(0, OrderPlaces.PerOrganizationMax).Select(_ => places.TryEnter("a", out var _)!).ToList();
        Assert.Null(places.TryEnter("a", out var from));
        Assert.Equal(time.GetUtcNow() + TimeSpan.FromSeconds(5), from);
        for (var i = taken.Count; i < OrderPlaces.AtATimeMax; i++) Assert.NotNull(places.TryEnter($"b{i}", out _));
        Assert.Null(places.TryEnter("c", out _));
        taken[0].Dispose();
        Assert.NotNull(places.TryEnter("c", out _));
    }

    /// <summary>No hour, whenever it begins, has more; the next is let in when the oldest is an hour old.</summary>
    [Fact]
    public void Hours_AreBounded_WheneverTheyBegin()
    {
        var places = new OrderPlaces(time);
        var begun = new List<DateTimeOffset>();
        for (var minute = 0; minute < 600; minute++)
        {
            for (var i = 0; i < 5; i++)
            {
                if (places.TryEnter($"org-{i % 4}", out _) is not { } place) continue;
                begun.Add(time.GetUtcNow());
                place.Dispose();
            }
            time.Advance(TimeSpan.FromMinutes(1));
        }
        Assert.All(begun, start => Assert.InRange(begun.Count(b => b >= start && b < start.AddHours(1)), 1, OrderPlaces.PerHourMax));
        Assert.InRange(begun.Count, 9 * OrderPlaces.PerHourMax, 10 * OrderPlaces.PerHourMax);
    }

    [Fact]
    public void Organization_HasItsShareOfAnHour()
    {
        var places = new OrderPlaces(time);
        var first = time.GetUtcNow();
        for (var i = 0; i < OrderPlaces.PerHourAndOrganizationMax; i++)
        {
            places.TryEnter("a", out _)!.Dispose();
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Null(places.TryEnter("a", out var from));
        Assert.Equal(first.AddHours(1), from);
        Assert.NotNull(places.TryEnter("b", out _));
        time.Advance(from - time.GetUtcNow());
        Assert.NotNull(places.TryEnter("a", out _));
    }

    [Fact]
    public void Questions_AreTwoAtATime()
    {
        var places = new OrderPlaces(time);
        var one = places.TryEnterQuestion();
        Assert.NotNull(places.TryEnterQuestion());
        Assert.Null(places.TryEnterQuestion());
        one!.Dispose();
        Assert.NotNull(places.TryEnterQuestion());
    }
}
