using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Conditions;

public class ConditionJsonTests
{
    [Fact]
    public void Parse_OfWritten_IsTheSameCondition() => Seeded.Check(500, random =>
    {
        var condition = RandomJson.Condition(random, 4);
        var written = ConditionJson.Write(condition);
        var read = ConditionJson.Parse(written).Value;
        Assert.Equal(written.ToString(), ConditionJson.Write(read).ToString());
        var entity = Some.Entity(RandomJson.Document(random));
        Assert.Equal(ConditionEvaluator.Matches(condition, entity), ConditionEvaluator.Matches(read, entity));
    });

    [Theory]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"EQUALS","value":1}""")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operator":"EQUALS","value":1}""")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operation":"EQUALS","value":1}""")]
    [InlineData("""{"type":"group","operator":"NOT","conditions":[{"type":"simple","jsonPath":"$.a","operatorType":"NOT_EQUALS","value":1}]}""")]
    public void Parse_SpellingsOfOlderClients_AreRead(string json) =>
        Assert.True(ConditionEvaluator.Matches(ConditionJson.Parse(Some.Json(json)).Value, Some.Entity("""{"a":1}""")));

    [Theory]
    [InlineData("""["a",null,3]""", true)]
    [InlineData("""["a",2]""", false)]
    [InlineData("""[null,null,3,null]""", true)]
    [InlineData("[]", true)]
    public void Parse_ValuesOfAnArray_CompareByPlace(string values, bool expected)
    {
        foreach (var path in (string[])["$.a", "$.a[*]"])
        {
            var condition = ConditionJson.Parse(Some.Json($$"""{"type":"array","jsonPath":"{{path}}","values":{{values}}}""")).Value;
            Assert.Equal(expected, ConditionEvaluator.Matches(condition, Some.Entity("""{"a":["a","b",3.0]}""")));
        }
    }

    [Theory]
    [InlineData("[]", "$:")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "$.type")]
    [InlineData("""{"type":"simple","jsonPath":"a","operatorType":"EQUALS","value":1}""", "$.jsonPath")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"FOO","value":1}""", "\"FOO\"")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"EQUALS"}""", "$.value")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"EQUALS","value":[1]}""", "$.value")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"EQUALS","value":null}""", "IS_NULL")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"BETWEEN","value":[1]}""", "two values")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"CONTAINS","value":1}""", "string")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"IN_SET","value":[1,{}]}""", "$.value[1]")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"LIKE","value":"a\\"}""", "lone backslash")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"MATCHES_PATTERN","value":"(a"}""", "no matching )")]
    [InlineData("""{"type":"simple","jsonPath":"$.a","operatorType":"IEQUALS","value":1}""", "string")]
    [InlineData("""{"type":"array","jsonPath":"$.a","values":"a"}""", "$.values")]
    [InlineData("""{"type":"array","jsonPath":"$.a","values":[{}]}""", "$.values[0]")]
    [InlineData("""{"type":"lifecycle","field":"mood","operatorType":"EQUALS","value":1}""", "$.field")]
    [InlineData("""{"type":"lifecycle","field":"creationDate","operatorType":"EQUALS","value":"now"}""", "RFC 3339")]
    [InlineData("""{"type":"group","operator":"XOR","conditions":[]}""", "$.operator")]
    [InlineData("""{"type":"group","operator":"AND","conditions":[{"type":"x"}]}""", "$.conditions[0].type")]
    [InlineData("""{"type":"function","function":{"name":"f"}}""", "function")]
    public void Parse_BadCondition_NamesTheOffender(string json, string named)
    {
        var error = ConditionJson.Parse(Some.Json(json)).Error;
        Assert.Equal("INVALID_CONDITION", error?.Code);
        Assert.Contains(named, error?.Message);
    }

    [Fact]
    public void Parse_SeveralFaults_TellsAll()
    {
        var error = ConditionJson.Parse(Some.Json("""
            {"type":"group","operator":"AND","conditions":[{"type":"simple","jsonPath":"?","operatorType":"EQUALS","value":1},{"type":"y"}]}
            """)).Error;
        Assert.Equal(["$.conditions[0].jsonPath", "$.conditions[1].type"], error?.Details?.Keys);
    }

    [Theory]
    [InlineData(ConditionJson.DepthMax, true)]
    [InlineData(ConditionJson.DepthMax + 1, false)]
    public void Parse_Depth_IsBounded(int depth, bool isOk)
    {
        var json = """{"type":"simple","jsonPath":"$.a","operatorType":"IS_NULL"}""";
        for (var i = 1; i < depth; i++) json = $$"""{"type":"group","operator":"AND","conditions":[{{json}}]}""";
        Assert.Equal(isOk, ConditionJson.Parse(Some.Json(json)).IsOk);
    }

    [Fact]
    public void Parse_TooManyParts_IsRefused()
    {
        var values = string.Join(',', Enumerable.Range(0, ConditionJson.PartsMax + 1));
        var error = ConditionJson.Parse(Some.Json($$"""{"type":"simple","jsonPath":"$.a","operatorType":"IN_SET","value":[{{values}}]}""")).Error;
        Assert.Equal("INVALID_CONDITION", error?.Code);
    }

    [Fact]
    public void Parse_Garbage_IsAnErrorAndNoException() => Seeded.Check(500, random =>
    {
        var text = ConditionJson.Write(RandomJson.Condition(random, 3)).ToString().ToCharArray();
        for (var i = random.Next(1, 4); i > 0; i--) text[random.Next(text.Length)] = random.Pick('"', '{', ']', '0', '$', '\\', 'N', '\0');
        var result = ConditionJson.Parse(JsonText.FromString(new string(text)));
        Assert.True(result.IsOk || result.Error.Code == "INVALID_CONDITION");
    });
}
