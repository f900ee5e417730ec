using Strata.Entities.Conditions;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Conditions;

public class CriterionEvaluatorTests
{
    [Theory]
    [InlineData("EQUALS", "\"30\"", "30", true)]
    [InlineData("EQUALS", "30", "\"30\"", true)]
    [InlineData("EQUALS", "\"30.0\"", "30", true)]
    [InlineData("EQUALS", "30.0", "\"30\"", false)]
    [InlineData("EQUALS", "\"true\"", "true", true)]
    [InlineData("NOT_EQUAL", "\"30\"", "30", false)]
    [InlineData("NOT_EQUAL", "\"30\"", "31", true)]
    [InlineData("NOT_EQUAL", "30", "\"30\"", false)]
    [InlineData("GREATER_THAN", "\"9\"", "10", true)]
    [InlineData("GREATER_THAN", "\"9\"", "\"10\"", false)]
    [InlineData("BETWEEN", "[\"1\",5]", "3", true)]
    [InlineData("IN_SET", "[\"x\",\"3\"]", "3", true)]
    [InlineData("IN_SET", "[\"x\",\"4\"]", "3", false)]
    [InlineData("STARTS_WITH", "\"3\"", "30", false)]
    [InlineData("EQUALS", "\"x\"", "30", false)]
    [InlineData("EQUALS", "\"170141183460469231731687303715884105728\"", "170141183460469231731687303715884105728", true)]
    public void Matches_ConstantOfAnotherType_IsReadAsTheValuesType(string @operator, string constant, string value, bool expected)
    {
        var condition = ConditionJson.Parse(Some.Json($$"""{"type":"simple","jsonPath":"$.a","operatorType":"{{@operator}}","value":{{constant}}}""")).Value;
        Assert.Equal(expected, CriterionEvaluator.Matches(condition, Some.Entity($$"""{"a":{{value}}}""")));
    }

    [Fact]
    public void Matches_WhereTypesAgree_IsAsInSearch() => Seeded.Check(300, random =>
    {
        var entity = Some.Entity(RandomJson.Document(random));
        var condition = RandomJson.Condition(random, 0);
        if (ConditionEvaluator.Matches(condition, entity)) Assert.True(CriterionEvaluator.Matches(condition, entity));
    });
}
