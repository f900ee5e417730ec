using System.Text.Json;

namespace Strata.Core.Tests;

public class WireJsonTests
{
    private sealed record Sample
    {
        public int Port { get; init; } = 8080;
        public string? Command { get; init; }
        public IReadOnlyList<string> Items { get; init; } = ["a"];
        public DayOfWeek Day { get; init; }
    }

    [Fact]
    public void Deserialize_MissingMembers_KeepTheirInitialValues()
    {
        var read = JsonSerializer.Deserialize("{}", WireJson.Of<Sample>())!;
        Assert.Equal(8080, read.Port);
        Assert.Equal(["a"], read.Items);
    }

    [Fact]
    public void Serialize_WritesCamelCaseWithoutNulls() =>
        Assert.Equal("""{"port":8080,"items":["ä"],"day":"monday"}""", JsonText.From(new Sample { Items = ["ä"], Day = DayOfWeek.Monday }, WireJson.Of<Sample>()).ToString());

    [Fact]
    public void Deserialize_NullForANonNullable_IsRefused() => Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"items":null}""", WireJson.Of<Sample>()));
}
