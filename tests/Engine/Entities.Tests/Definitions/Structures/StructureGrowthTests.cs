using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Definitions.Structures;

public class StructureGrowthTests
{
    [Theory]
    [InlineData("""{"k":1}""", """{"k":1,"new":"s"}""", "STRUCTURAL", "new")]
    [InlineData("""{"a":[1]}""", """{"a":[1,2,3]}""", "", null)]
    [InlineData("""{"a":[1]}""", """{"a":["s"]}""", "ARRAY_ELEMENTS", "a[0]")]
    [InlineData("""{"a":[[1]]}""", """{"a":[[1],[2.5]]}""", "ARRAY_ELEMENTS", "a[1][0]")]
    [InlineData("""{"a":[{"k":1}]}""", """{"a":[{"k":1},{"k":"s"}]}""", "TYPE", "a[1].k")]
    [InlineData("""{"k":1}""", """{"k":1.5}""", "TYPE", "k")]
    [InlineData("""{"k":1}""", """{"k":2147483648}""", "TYPE", "k")]
    [InlineData("""{"k":1}""", """{"k":"1"}""", "TYPE", "k")]
    [InlineData("""{"k":1}""", """{"k":true}""", "TYPE", "k")]
    [InlineData("""{"k":1}""", """{"k":null}""", "", null)]
    [InlineData("""{"k":{"x":1},"l":[1]}""", """{"k":null,"l":null}""", "", null)]
    [InlineData("""{"k":1,"l":2}""", "{}", "", null)]
    [InlineData("""{"k":null}""", """{"k":"first"}""", "TYPE", "k")]
    [InlineData("""{"k":null}""", """{"k":{"a":1}}""", "TYPE", "k")]
    [InlineData("""{"k":[]}""", """{"k":[{"a":1}]}""", "ARRAY_ELEMENTS", "k[0]")]
    [InlineData("""{"k":"s"}""", """{"k":{"a":1}}""", "STRUCTURAL", "k")]
    [InlineData("""{"k":"s"}""", """{"k":["s"]}""", "STRUCTURAL", "k")]
    [InlineData("""{"k":["s"]}""", """{"k":"s"}""", "STRUCTURAL", "k")]
    [InlineData("""{"k":{"a":{"b":1}}}""", """{"k":{"a":{"b":1,"c":2}}}""", "STRUCTURAL", "k.a.c")]
    [InlineData("{}", "[]", "STRUCTURAL", "")]
    [InlineData("{}", "1", "STRUCTURAL", "")]
    public void Of_Document_NeedsTheLevelOfItsChange(string sample, string document, string level, string? path)
    {
        var growth = Grow(sample, document, out _);
        Assert.Equal((level, path), (ChangeLevels.Of(growth.Needs), growth.Changes is [var first, ..] ? first.Path : null));
    }

    [Theory]
    [InlineData("1.5", "3", "DOUBLE")]
    [InlineData("1.5", "2147483648", "DOUBLE")] // held, unlike in a sample
    [InlineData("1", "1.5", "DOUBLE")]
    [InlineData("3000000000", "1.5", "UNBOUND_DECIMAL")]
    [InlineData("1.5", "12345678901234567.5", "UNBOUND_DECIMAL")]
    [InlineData("1", "12345678901234567.5", "BIG_DECIMAL")]
    [InlineData("1", "170141183460469231731687303715884105728", "UNBOUND_INTEGER")]
    [InlineData("1", "\"a\"", "[INTEGER, STRING]")]
    public void Of_NewType_WidensOnlyWhereItIsNotHeld(string sample, string value, string types)
    {
        Grow($$"""{"v":{{sample}}}""", $$"""{"v":{{value}}}""", out var structure);
        Assert.Equal($$$"""{"$":{".v":"{{{types}}}"}}""", SimpleView.Write(structure).ToString());
    }

    [Theory]
    [InlineData("DOUBLE", "1000.0", true)]
    [InlineData("DOUBLE", "9.99999999999999e292", true)]
    [InlineData("DOUBLE", "9.99999999999999e300", false)]
    [InlineData("DOUBLE", "9007199254740993", false)]
    [InlineData("DOUBLE", "1e-293", false)]
    [InlineData("INTEGER", "2147483647", true)]
    [InlineData("INTEGER", "-2147483649", false)]
    [InlineData("INTEGER", "1.0e1", true)]
    [InlineData("INTEGER", "13.111", false)]
    [InlineData("LONG", "9223372036854775808", false)]
    [InlineData("BIG_INTEGER", "170141183460469231731687303715884105727", true)]
    [InlineData("BIG_INTEGER", "170141183460469231731687303715884105728", false)]
    [InlineData("UNBOUND_INTEGER", "1e300", true)]
    [InlineData("UNBOUND_INTEGER", "1.5", false)]
    [InlineData("BIG_DECIMAL", "1.23456789012345678901234567890", true)]
    [InlineData("BIG_DECIMAL", "100000000000000000000.5", false)]
    [InlineData("UNBOUND_DECIMAL", "1e-1000", true)]
    [InlineData("BYTE", "127", true)]
    [InlineData("BYTE", "128", false)]
    [InlineData("SHORT", "-32768", true)]
    [InlineData("FLOAT", "1.5", true)]
    [InlineData("FLOAT", "1.2345678", false)]
    [InlineData("STRING", "5", false)]
    [InlineData("CHARACTER", "\"é\"", true)]
    [InlineData("CHARACTER", "\"ab\"", false)]
    [InlineData("LOCAL_DATE", "\"2026-02-28\"", true)]
    [InlineData("LOCAL_DATE", "\"2026-02-29\"", false)]
    [InlineData("LOCAL_TIME", "\"23:59:59.123456\"", true)]
    [InlineData("LOCAL_DATE_TIME", "\"2026-03-01T10:00:00\"", true)]
    [InlineData("LOCAL_DATE_TIME", "\"2026-03-01T10:00:00+05:00\"", false)]
    [InlineData("ZONED_DATE_TIME", "\"2026-03-01T10:00:00Z\"", true)]
    [InlineData("ZONED_DATE_TIME", "\"2026-03-01T10:00:00.5+01:00[Europe/Berlin]\"", true)]
    [InlineData("ZONED_DATE_TIME", "\"2026\"", false)]
    [InlineData("YEAR", "\"2026\"", true)]
    [InlineData("YEAR_MONTH", "\"2026-13\"", false)]
    [InlineData("UUID_TYPE", "\"0193a1b2-0000-7000-8000-000000000001\"", true)]
    [InlineData("TIME_UUID_TYPE", "\"0193a1b2-0000-7000-8000-000000000001\"", false)]
    [InlineData("TIME_UUID_TYPE", "\"31134900-d9cb-11ee-b913-ae468cd3ed16\"", true)]
    [InlineData("BYTE_ARRAY", "\"aGk=\"", true)]
    [InlineData("BYTE_ARRAY", "\"aGk\"", false)]
    [InlineData("BOOLEAN", "\"true\"", false)]
    [InlineData("[INTEGER, STRING]", "\"\\u0041\"", true)]
    public void Check_Type_HoldsItsValuesAndNoOthers(string type, string value, bool holds)
    {
        var faults = new Json.Faults();
        var structure = SimpleView.Read(JsonElement.Parse($$$"""{"$":{".v":"{{{type}}}"}}"""), faults);
        Assert.False(faults.Any);
        var document = Some.Json($$"""{"v":{{value}}}""");
        Assert.Equal(holds, new StructureCheck(structure).Fits(document.Utf8.Span));
        using var json = document.Parse();
        Assert.Equal(holds, StructureGrowth.Of(structure, json.RootElement).Needs == ChangeLevel.None);
    }

    [Fact]
    public void Check_AndGrowth_AgreeOnEveryDocument()
    {
        var random = Seeded.Random();
        var fitting = 0;
        for (var i = 0; i < 3_000; i++)
        {
            var structure = new ModelStructure();
            for (var samples = random.Next(1, 4); samples > 0; samples--) Merge(structure, RandomJson.Document(random));
            var document = RandomJson.Document(random);
            using var json = document.Parse();
            var fits = new StructureCheck(structure).Fits(document.Utf8.Span);
            Assert.Equal(fits, StructureGrowth.Of(structure, json.RootElement).Needs == ChangeLevel.None);
            Assert.True(new StructureCheck(structure).Fits(document.Utf8.Span), document.ToString());
            AssertRoundTrips(structure);
            if (fits) fitting++;
        }
        Assert.InRange(fitting, 100, 2_900);
    }

    [Fact]
    public void Check_EscapedNames_AreTheirPlainOnes()
    {
        var check = new StructureCheck(Structure("""{"ab":1,"né":"x"}"""));
        Assert.True(check.Fits("""{"\u0061b":1,"n\u00e9":"x"}"""u8));
        Assert.False(check.Fits("""{"\u0061c":1}"""u8));
    }

    [Fact]
    public void Read_Schema_TakesTheKindsAndRefusesWhatItCannotKeep()
    {
        const string Schema = """
            {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["id"],"properties":{
              "id":{"type":"string","format":"uuid"},"n":{"type":["integer","null"]},"at":{"type":"string","format":"date-time"},"x":{"oneOf":[{"type":"number"},{"type":"string"}]},
              "lines":{"items":{"properties":{"sku":{"type":"string","pattern":"^a"}}}}}}
            """;
        var faults = new Json.Faults();
        var structure = new JsonSchemaReader(faults).Read(JsonElement.Parse(Schema));
        Assert.False(faults.Any);
        Assert.Equal(
            """{"$":{"#.lines":"OBJECT",".at":"ZONED_DATE_TIME",".id":"UUID_TYPE",".n":"UNBOUND_INTEGER",".x":"[STRING, UNBOUND_DECIMAL]"},"$.lines[*]":{"#":"ARRAY_ELEMENT",".sku":"STRING"}}""",
            SimpleView.Write(structure).ToString());
        foreach (var bad in (string[])["1", "{}", """{"type":"array"}""", """{"type":"object","properties":{"a":{"$ref":"#/x"}}}""", """{"type":"object","properties":{"a":{}}}""", """{"type":"object","properties":{"a":1}}""", """{"anyOf":[]}"""])
        {
            faults = new Json.Faults();
            new JsonSchemaReader(faults).Read(JsonElement.Parse(bad));
            Assert.True(faults.Any, bad);
        }
    }

    private static void AssertRoundTrips(ModelStructure structure)
    {
        var (view, schema) = (SimpleView.Write(structure), JsonSchemaWriter.Write(structure));
        var faults = new Json.Faults();
        Assert.Equal(view, SimpleView.Write(SimpleView.Read(JsonElement.Parse(view.ToString()), faults)));
        Assert.Equal(schema, JsonSchemaWriter.Write(new JsonSchemaReader(faults).Read(JsonElement.Parse(schema.ToString()))));
        Assert.False(faults.Any, view.ToString());
    }

    private static StructureGrowth Grow(string sample, string document, out ModelStructure structure)
    {
        structure = Structure(sample);
        using var json = Some.Json(document).Parse();
        return StructureGrowth.Of(structure, json.RootElement);
    }

    private static ModelStructure Structure(string sample)
    {
        var structure = new ModelStructure();
        Merge(structure, Some.Json(sample));
        return structure;
    }

    private static void Merge(ModelStructure structure, JsonText sample)
    {
        using var json = sample.Parse();
        structure.Merge(json.RootElement);
    }
}
