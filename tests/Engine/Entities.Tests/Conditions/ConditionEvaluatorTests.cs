using Strata.Entities.Conditions;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Conditions;

public class ConditionEvaluatorTests
{
    private const string Document = """
        {"name":"Ada","age":36,"big":9007199254740993,"rate":0.10,"vip":true,"none":null,"lines":[{"sku":"a","n":1},{"sku":"b","n":20},{"n":3}],
         "empty":[],"odd name":"x","nested":{"list":[1,[2]]},"emoji":"😀"}
        """;

    [Theory]
    [InlineData("$.name", Operator.Equal, "\"Ada\"")]
    [InlineData("$.name", Operator.Equal, "\"\\u0041da\"")]
    [InlineData("$.age", Operator.Equal, "36.0")]
    [InlineData("$.age", Operator.Equal, "3.6e1")]
    [InlineData("$.big", Operator.Greater, "9007199254740992")]
    [InlineData("$.big", Operator.NotEqual, "9007199254740992")]
    [InlineData("$.rate", Operator.Equal, "0.1")]
    [InlineData("$.rate", Operator.Less, "0.10000000000000000000000000000000001")]
    [InlineData("$.vip", Operator.Greater, "false")]
    [InlineData("$.lines[*].sku", Operator.Equal, "\"b\"")]
    [InlineData("$.lines[1].n", Operator.GreaterOrEqual, "20")]
    [InlineData("$['odd name']", Operator.StartsWith, "\"x\"")]
    [InlineData("$.nested.list[1][0]", Operator.Equal, "2")]
    [InlineData("$.emoji", Operator.Greater, "\"\uffee\"")]
    [InlineData("$.name", Operator.NotContains, "\"x\"")]
    [InlineData("$.name", Operator.EndsWith, "\"da\"")]
    public void Matches_WhatHolds_IsTrue(string path, Operator @operator, string value) => Assert.True(Matches(path, @operator, value));

    [Theory]
    [InlineData("$.name", Operator.EqualIgnoringCase, "\"aDA\"", true)]
    [InlineData("$.name", Operator.NotEqualIgnoringCase, "\"ada\"", false)]
    [InlineData("$.name", Operator.ContainsIgnoringCase, "\"D\"", true)]
    [InlineData("$.name", Operator.NotStartsWithIgnoringCase, "\"aD\"", false)]
    [InlineData("$.name", Operator.EndsWithIgnoringCase, "\"DA\"", true)]
    [InlineData("$.missing", Operator.NotContainsIgnoringCase, "\"x\"", false)]
    [InlineData("$.age", Operator.NotEqualIgnoringCase, "\"x\"", false)]
    [InlineData("$.name", Operator.Like, "\"A_a\"", true)]
    [InlineData("$.name", Operator.Like, "\"%d\"", false)]
    [InlineData("$.emoji", Operator.Like, "\"_\"", true)]
    [InlineData("$.name", Operator.MatchesPattern, "\"[A-Z]\\\\w+\"", true)]
    [InlineData("$.name", Operator.MatchesPattern, "\"da\"", false)]
    [InlineData("$.emoji", Operator.MatchesPattern, "\".\"", true)]
    public void Matches_TextOperators_HoldByTheirMeaning(string path, Operator @operator, string value, bool expected) =>
        Assert.Equal(expected, Matches(path, @operator, value));

    [Fact]
    public void Matches_ExpressionThatMakesOthersSlow_IsQuick()
    {
        var entity = Some.Entity($$"""{"v":"{{new string('a', 10_000)}}!"}""");
        Assert.False(ConditionEvaluator.Matches(Compare("$.v", Operator.MatchesPattern, "\"(a*)*b\""), entity));
    }

    [Theory]
    [InlineData("$.missing", Operator.Equal, "1")]
    [InlineData("$.missing", Operator.NotEqual, "1")]
    [InlineData("$.none", Operator.NotEqual, "1")]
    [InlineData("$.none", Operator.NotContains, "\"x\"")]
    [InlineData("$.name", Operator.NotEqual, "1")]
    [InlineData("$.age", Operator.Equal, "\"36\"")]
    [InlineData("$.age", Operator.NotContains, "\"x\"")]
    [InlineData("$.lines", Operator.NotEqual, "1")]
    [InlineData("$.lines.sku", Operator.Equal, "\"a\"")]
    [InlineData("$.name[*]", Operator.Equal, "\"Ada\"")]
    [InlineData("$.empty[*]", Operator.NotEqual, "1")]
    [InlineData("$.lines[7].n", Operator.Equal, "1")]
    public void Matches_MissingNullOrOfAnotherType_IsFalse(string path, Operator @operator, string value) =>
        Assert.False(Matches(path, @operator, value));

    [Theory]
    [InlineData("$.missing", true)]
    [InlineData("$.none", true)]
    [InlineData("$.name", false)]
    [InlineData("$.lines", false)]
    [InlineData("$.lines[*].sku", true)]
    [InlineData("$.lines[*].n", false)]
    [InlineData("$.empty[*]", false)]
    public void Matches_IsNull_HoldsForMissingAndNull(string path, bool expected) => Assert.Equal(expected, Matches(path, Operator.IsNull));

    [Theory]
    [InlineData(Operator.Between, "36", "40", false)]
    [InlineData(Operator.Between, "35.999", "36.001", true)]
    [InlineData(Operator.BetweenInclusive, "36", "40", true)]
    [InlineData(Operator.BetweenInclusive, "37", "40", false)]
    [InlineData(Operator.In, "1", "36", true)]
    [InlineData(Operator.In, "1", "\"36\"", false)]
    public void Matches_TwoConstants_FollowTheirOperator(Operator @operator, string first, string second, bool expected) =>
        Assert.Equal(expected, Matches("$.age", @operator, first, second));

    [Fact]
    public void Matches_Facts_CompareStateIdAndTimes()
    {
        Assert.True(MatchesFact(MetaField.State, Operator.Equal, "\"NEW\""));
        Assert.True(MatchesFact(MetaField.Id, Operator.Equal, "\"0193a1b2-0000-7000-8000-000000000001\""));
        Assert.True(MatchesFact(MetaField.TransitionForLatestSave, Operator.IsNull));
        Assert.True(MatchesFact(MetaField.CreationDate, Operator.Equal, "\"2026-11-20T15:00:00+01:00\""));
        Assert.True(
            MatchesFact(MetaField.LastUpdateTime, Operator.Between, "\"2026-11-20T14:00:59.9Z\"", "\"2026-11-20T14:01:00.000001Z\""));
        Assert.False(MatchesFact(MetaField.CreationDate, Operator.Equal, "\"yesterday\""));
    }

    [Fact]
    public void Matches_Groups_FollowLogic() => Seeded.Check(500, random =>
    {
        var entity = Some.Entity(RandomJson.Document(random), random.Pick("NEW", "a", "ab"));
        var (a, b) = (RandomJson.Condition(random, 2), RandomJson.Condition(random, 2));
        var (holdsA, holdsB) = (ConditionEvaluator.Matches(a, entity), ConditionEvaluator.Matches(b, entity));
        Assert.Equal(holdsA && holdsB, ConditionEvaluator.Matches(new Condition.All([a, b]), entity));
        Assert.Equal(holdsA || holdsB, ConditionEvaluator.Matches(new Condition.Any([a, b]), entity));
        Assert.Equal(!holdsA, ConditionEvaluator.Matches(new Condition.Not(a), entity));
    });

    [Fact]
    public void Matches_ComparisonOfOneValue_IsAnOrder() => Seeded.Check(500, random =>
    {
        var (value, constant) = (RandomJson.Constant(random), RandomJson.Constant(random));
        var entity = Some.Entity($$"""{"v":{{value}}}""");
        bool Holds(Operator @operator) => ConditionEvaluator.Matches(Compare("$.v", @operator, constant.ToString()), entity);

        var comparable = Holds(Operator.Equal) || Holds(Operator.NotEqual);
        Assert.Equal(comparable ? 1 : 0, new[] { Operator.Less, Operator.Equal, Operator.Greater }.Count(Holds));
        Assert.Equal(comparable && !Holds(Operator.Less), Holds(Operator.GreaterOrEqual));
        Assert.Equal(comparable && !Holds(Operator.Greater), Holds(Operator.LessOrEqual));
        Assert.Equal(Holds(Operator.Equal), ConditionEvaluator.Matches(Compare("$.v", Operator.In, constant.ToString()), entity));
    });

    private static bool Matches(string path, Operator @operator, params string[] values) =>
        ConditionEvaluator.Matches(Compare(path, @operator, values), Some.Entity(Document));

    private static bool MatchesFact(MetaField field, Operator @operator, params string[] values) =>
        ConditionEvaluator.Matches(
            new Condition.Compare(new Field.Meta(field), @operator, [.. values.Select(Some.Json)]), Some.Entity(Document));

    private static Condition.Compare Compare(string path, Operator @operator, params string[] values) =>
        new(new Field.Path(JsonPath.Parse(path)), @operator, [.. values.Select(Some.Json)]);
}
