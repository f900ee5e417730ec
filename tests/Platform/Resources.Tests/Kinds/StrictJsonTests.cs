using System.Text.Json;
using Strata.Core;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Kinds;

public class StrictJsonTests
{
    [Fact]
    public void Read_OnlyWhatIsRequired_KeepsDefaults()
    {
        var faults = Read("""{"color":"red"}""", out var spec);
        Assert.Empty(faults);
        Assert.Equal((40, 0.5, LampFitting.Screw), (spec!.Watts, spec.Shade.Opacity, spec.Fitting));
    }

    [Fact]
    public void Read_Everything_IsRead()
    {
        var faults = Read(
            """{"color":"red","watts":60,"shade":{"opacity":1,"madeAt":"2026-01-31T12:00:00Z"},"rooms":["hall"],"dimmers":{"a":1},"fedBy":null,"fitting":"bayonetCap"}""", out var spec);
        Assert.Empty(faults);
        Assert.Equal((60, LampFitting.BayonetCap, "hall", 1), (spec!.Watts, spec.Fitting, spec.Rooms[0], spec.Dimmers["a"]));
    }

    [Theory]
    [InlineData("{}", "spec.color")]
    [InlineData("""{"color":null}""", "spec.color")]
    [InlineData("""{"color":1}""", "spec.color")]
    [InlineData("""{"color":"red","colour":"x"}""", "spec.colour")]
    [InlineData("""{"color":"red","Watts":1}""", "spec.Watts")]
    [InlineData("""{"color":"red","watts":"60"}""", "spec.watts")]
    [InlineData("""{"color":"red","watts":1.5}""", "spec.watts")]
    [InlineData("""{"color":"red","watts":1e99}""", "spec.watts")]
    [InlineData("""{"color":"red","watts":99999999999999}""", "spec.watts")]
    [InlineData("""{"color":"red","shade":[]}""", "spec.shade")]
    [InlineData("""{"color":"red","shade":{"opacity":"1"}}""", "spec.shade.opacity")]
    [InlineData("""{"color":"red","shade":{"madeAt":"yesterday"}}""", "spec.shade.madeAt")]
    [InlineData("""{"color":"red","rooms":"hall"}""", "spec.rooms")]
    [InlineData("""{"color":"red","rooms":["hall",3]}""", "spec.rooms[1]")]
    [InlineData("""{"color":"red","rooms":[null]}""", "spec.rooms[0]")]
    [InlineData("""{"color":"red","dimmers":{"a":"1"}}""", "spec.dimmers.a")]
    [InlineData("""{"color":"red","fitting":"glued"}""", "spec.fitting")]
    [InlineData("""{"color":"red","fitting":0}""", "spec.fitting")]
    [InlineData("[]", "spec")]
    [InlineData("3", "spec")]
    public void Read_OneFault_IsNamed(string json, string field) => Assert.Equal([field], Read(json, out _).Select(f => f.Field));

    [Fact]
    public void Read_ManyFaults_NamesEach() =>
        Assert.Equal(["spec.color", "spec.shade.opacity", "spec.x"], Read("""{"shade":{"opacity":true},"x":1}""", out _).Select(f => f.Field).Order());

    [Fact]
    public void Read_EndlessFaults_AreBounded()
    {
        var json = "{" + string.Join(",", Enumerable.Range(0, 1000).Select(i => $"\"x{i}\":1")) + "}";
        Assert.InRange(Read(json, out _).Count, StrictJson.FaultsMax, StrictJson.FaultsMax + 1);
    }

    /// <summary>Whatever is sent, reading ends with a value or with faults, and what it takes it gives back.</summary>
    [Fact]
    public void Read_RandomJson_NeverThrows()
    {
        var random = Seeded.Random();
        for (var i = 0; i < 5000; i++)
        {
            var json = RandomSpecs.Next(random);
            try
            {
                var faults = Read(json, out var spec);
                Assert.Equal(faults.Count == 0, spec is not null);
                if (spec is not null) Assert.Empty(Read(JsonText.From(spec, WireJson.Of<LampSpec>()).ToString(), out _));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"STRATA_SEED={Seeded.Seed}, run {i}: {json}", e);
            }
        }
    }

    private static List<ValidationError> Read(string json, out LampSpec? spec)
    {
        var faults = new List<ValidationError>();
        using var document = JsonDocument.Parse(json);
        StrictJson.TryRead(document.RootElement, "spec", faults, out spec);
        return faults;
    }
}
