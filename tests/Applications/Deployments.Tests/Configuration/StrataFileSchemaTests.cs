using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Strata.Core;
using Strata.Deployments.Configuration;
using Strata.Deployments.Detection;

namespace Strata.Deployments.Tests.Configuration;

/// <summary>
/// docs/strata.schema.json and the table of docs/strata-yaml.md have the fields and bounds of <see cref="StrataFileReader"/>, which
/// decides.
/// </summary>
public sealed partial class StrataFileSchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(
        File.ReadAllText(Path.Combine(TestSupport.Script.Root, "docs/strata.schema.json")))!.AsObject();

    /// <summary>Fields that the reader knows only to refuse them with a reason.</summary>
    private static readonly string[] NotYet = ["secrets", "routes", "release", "volumes", "schedule", "depends"];

    [Theory]
    [InlineData("")]
    [InlineData("build")]
    [InlineData("run")]
    [InlineData("run.replicas")]
    [InlineData("health")]
    [InlineData("static")]
    public void Schema_HasTheFieldsOfTheReader(string section)
    {
        var known = Known().Match(
            Read(section.Length == 0 ? "nonsense" : section + ".nonsense", 1).Error!.Message).Groups[1].Value.Split(", ").Except(NotYet);
        Assert.Equal(known.Order(), At(section)["properties"]!.AsObject().Select(p => p.Key).Order());
        Assert.False((bool)At(section)["additionalProperties"]!);
    }

    [Fact]
    public void Schema_Examples_AreRead()
    {
        foreach (var (path, field) in Leaves(Schema, ""))
        {
            Assert.True(field["examples"] is JsonArray { Count: > 0 }, $"{path} has no example.");
            Assert.Empty(field["examples"]!.AsArray().Select(e => Read(path, e!).Error?.Message).OfType<string>());
        }
    }

    [Fact]
    public void Schema_Bounds_AreThoseOfTheReader()
    {
        var wrong = new List<string>();
        foreach (var (path, field) in Leaves(Schema, "").Where(f => f.Field["minimum"] is not null))
        {
            var (least, most) = (field["minimum"]!.GetValue<decimal>(), field["maximum"]!.GetValue<decimal>());
            var step = Types(field).Contains("number") ? 0.01m : 1;
            foreach (var (value, valid) in new[] { (least, true), (most, true), (least - step, false), (most + step, false) })
            {
                if (Read(path, value).IsOk != valid)
                    wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{path}: {value} is {(valid ? "refused" : "taken")}"));
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Schema_Stacks_AreThoseThatAreDetected() =>
        Assert.Equal(Stacks.All, At("build.stack")["enum"]!.AsArray().Select(v => (string)v!));

    [Theory]
    [InlineData("name", "Shop", "shop-", "9shop")]
    [InlineData("build.output", "../x", "/x", "a/../b", "a..b", "..a/b")]
    [InlineData("build.dockerfile", "x/..", "..")]
    [InlineData("run.memory", "512M", "512MiB", "1GB", "20000000B", "lots", "1T", "-1")]
    [InlineData("run.stopGrace", "30s", "1m", "1h", "30 s", "1d")]
    [InlineData("health.path", "health", "/a b", "/health?x=1")]
    public void Schema_Patterns_MatchWhatTheReaderTakes(string path, params string[] values)
    {
        var pattern = (string)At(path)["pattern"]!;
        Assert.All(
            values, v =>
                Assert.True(Regex.IsMatch(v, pattern) == Read(path, v).IsOk,
                    $"{path}: \"{v}\" is {(Read(path, v).IsOk ? "taken" : "refused")} by the reader only."));
    }

    [Theory]
    [InlineData("A_1", true)]
    [InlineData("1A", false)]
    [InlineData("A-B", false)]
    public void Schema_VariableNames_AreThoseOfTheReader(string name, bool valid)
    {
        Assert.Equal(valid, Regex.IsMatch(name, (string)At("env")["propertyNames"]!["pattern"]!));
        Assert.Equal(valid, Read("env", new JsonObject { [name] = "x" }).IsOk);
    }

    [Fact]
    public void Page_HasEachField()
    {
        var page = File.ReadAllLines(Path.Combine(TestSupport.Script.Root, "docs/strata-yaml.md"));
        var shown = page.Where(l => l.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(l => Name().Matches(l.Split('|')[1]).Select(m => m.Groups[1].Value));
        Assert.Equal(Leaves(Schema, "").Select(l => l.Path).Where(p => !p.StartsWith("run.replicas.", StringComparison.Ordinal)).Order(),
            shown.Order());
    }

    /// <summary>The whole file of a page's block is read, so that it can be copied.</summary>
    [Theory]
    [InlineData("docs/strata-yaml.md")]
    [InlineData("docs/detection.md")]
    public void Page_Examples_AreRead(string page)
    {
        var blocks = Block().Matches(File.ReadAllText(Path.Combine(TestSupport.Script.Root, page))).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(blocks);
        Assert.Empty(blocks.Select(b => StrataFileReader.Read("strata.yaml", b).Error?.Message).OfType<string>());
    }

    private static Result<StrataFile> Read(string path, JsonNode value)
    {
        foreach (var name in path.Split('.').Reverse()) value = new JsonObject { [name] = value.DeepClone() };
        return StrataFileReader.Read(
            "strata.yaml", value.ToJsonString(
                new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    private static JsonObject At(string path) => path.Length == 0
        ? Schema : path.Split('.').Aggregate(Schema, (node, name) => node["properties"]![name]!.AsObject());

    private static string[] Types(JsonObject field) => field["type"] is JsonArray types
        ? [.. types.Select(t => (string)t!)] : [(string?)field["type"] ?? ""];

    /// <summary>Fields that hold a value: those without fields of their own, and <c>run.replicas</c>, which may be either.</summary>
    private static IEnumerable<(string Path, JsonObject Field)> Leaves(JsonObject node, string path)
    {
        foreach (var (name, value) in node["properties"]!.AsObject())
        {
            var field = value!.AsObject();
            var full = path + name;
            if (field["properties"] is null || Types(field).Contains("integer")) yield return (full, field);
            if (field["properties"] is null) continue;
            foreach (var leaf in Leaves(field, full + ".")) yield return leaf;
        }
    }

    [GeneratedRegex(@"known are (.*)\.$|known are ([^;]*)")]
    private static partial Regex Known();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
