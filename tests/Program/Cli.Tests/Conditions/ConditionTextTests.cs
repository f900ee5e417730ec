using System.Text.Json;
using Strata.Cli.Conditions;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Cli.Tests.Conditions;

public class ConditionTextTests
{
    [Theory]
    [InlineData("total > 100", """{"type":"simple","jsonPath":"$.total","operatorType":"GREATER_THAN","value":100}""")]
    [InlineData("$.total<=0.10", """{"type":"simple","jsonPath":"$.total","operatorType":"LESS_OR_EQUAL","value":0.10}""")]
    [InlineData("state = 'NEW'", """{"type":"lifecycle","field":"state","operatorType":"EQUALS","value":"NEW"}""")]
    [InlineData("$.state != \"it's\"", """{"type":"simple","jsonPath":"$.state","operatorType":"NOT_EQUAL","value":"it's"}""")]
    [InlineData("name = 'it''s'", """{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"it's"}""")]
    [InlineData("lines[*].sku in ('a', 'b')", """{"type":"simple","jsonPath":"$.lines[*].sku","operatorType":"IN_SET","value":["a","b"]}""")]
    [InlineData("$['odd name'] is not null", """{"type":"simple","jsonPath":"$['odd name']","operatorType":"NOT_NULL"}""")]
    [InlineData("paid = TRUE", """{"type":"simple","jsonPath":"$.paid","operatorType":"EQUALS","value":true}""")]
    [InlineData("n between -1 and 2e3", """{"type":"simple","jsonPath":"$.n","operatorType":"BETWEEN_INCLUSIVE","value":[-1,2e3]}""")]
    [InlineData("a not starts with 'x'", """{"type":"simple","jsonPath":"$.a","operatorType":"NOT_STARTS_WITH","value":"x"}""")]
    [InlineData("n = 123456789012345678901234567890.10", """{"type":"simple","jsonPath":"$.n","operatorType":"EQUALS","value":123456789012345678901234567890.10}""")]
    public void Parse_AComparison_IsTheApisJson(string text, string json) => Assert.Equal(json, Relaxed(ConditionText.Parse(text)));

    [Fact]
    public void Parse_AndBindsStrongerThanOr()
    {
        Assert.Equal("OR(a,AND(b,NOT(OR(c,d))))", Shape(ConditionText.Parse("a=1 OR b=1 And not (c=1 or d=1)")));
        Assert.Equal("NOT(a)", Shape(ConditionText.Parse("a not in (1)")));
    }

    [Theory]
    [InlineData("a is null or b like 'x%' or c matches 'x.*' or d contains 'y' or e ends with 'z'")]
    [InlineData("creationDate >= '2026-11-20T14:00:00Z' and id = 'x' and transitionForLatestSave = 'pay'")]
    public void Parse_WhatItMakes_IsACondition(string text) => Assert.True(ConditionJson.Parse(ConditionText.Parse(text)).IsOk);

    [Theory]
    [InlineData("", "character 1")]
    [InlineData("total", "comparison")]
    [InlineData("total >", "value was expected")]
    [InlineData("total > abc", "in quotes")]
    [InlineData("total > 1x", "not a value")]
    [InlineData("a = 'open", "character 5")]
    [InlineData("a[0 = 1", "bracket")]
    [InlineData("(a = 1", "\")\"")]
    [InlineData("a = 1 b = 2", "character 7")]
    [InlineData("a in ()", "not a value")]
    [InlineData("a ! 1", "means nothing")]
    [InlineData("a starts 'x'", "\"with\"")]
    public void Parse_WhatIsNoCondition_SaysWhereAndHow(string text, string says)
    {
        var error = Assert.Throws<StrataException>(() => ConditionText.Parse(text)).Error;
        Assert.Equal("USAGE", error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains("--where", error.NextStep);
    }

    [Fact]
    public void Parse_BracketsWithoutEnd_AreRefused() =>
        Assert.Contains("50 deep", Assert.Throws<StrataException>(() => ConditionText.Parse(new string('(', 100_000))).Error.Message,
            StringComparison.Ordinal);

    private static string Relaxed(JsonText json) => JsonSerializer.Serialize(JsonElement.Parse(json.Utf8.Span), WireJson.Options);

    private static string Shape(JsonText json) => Shape(JsonElement.Parse(json.Utf8.Span));

    private static string Shape(JsonElement json) => json.TryGetProperty("jsonPath", out var path)
        ? path.GetString()![2..]
        : $"{json.GetProperty("operator").GetString()}({string.Join(',', json.GetProperty("conditions").EnumerateArray().Select(Shape))})";
}
