using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Conditions;

public class ConditionExplainerTests
{
    private const string Big = """{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}""";
    private const string Open = """{"type":"lifecycle","field":"state","operatorType":"EQUALS","value":"OPEN"}""";
    private const string Red = """{"type":"simple","jsonPath":"$.lines[*].color","operatorType":"EQUALS","value":"red"}""";

    [Theory]
    [InlineData(Big, "$.amount GREATER_THAN 100 does not hold: it is 50")]
    [InlineData(Open, "state EQUALS \"OPEN\" does not hold: it is \"NEW\"")]
    [InlineData(Red, "$.lines[*].color EQUALS \"red\" does not hold: it has \"blue\", \"green\"")]
    [InlineData("""{"type":"simple","jsonPath":"$.absent","operatorType":"NOT_NULL"}""", "$.absent NOT_NULL does not hold: it is missing")]
    [InlineData($$"""{"type":"group","operator":"OR","conditions":[{{Big}},{{Open}}]}""", "$.amount GREATER_THAN 100 does not hold: it is 50; state EQUALS \"OPEN\" does not hold: it is \"NEW\"")]
    [InlineData($$"""{"type":"group","operator":"NOT","conditions":[{"type":"simple","jsonPath":"$.amount","operatorType":"LESS_THAN","value":60}]}""", "$.amount LESS_THAN 60 holds: it is 50")]
    public void WhyNot_NamesWhatIsToBlame(string condition, string expected) =>
        Assert.Equal(expected, ConditionWords.WhyNot(ConditionExplainer.Explain(Parse(condition), Entity())));

    [Fact]
    public void Explain_OfAGroup_BlamesOnlyThePartsThatFail()
    {
        const string Cheap = """{"type":"simple","jsonPath":"$.amount","operatorType":"LESS_THAN","value":60}""";
        var either = $$"""{"type":"group","operator":"OR","conditions":[{{Big}},{{Cheap}}]}""";
        var verdicts = ConditionExplainer.Explain(Parse($$"""{"type":"group","operator":"AND","conditions":[{{either}},{{Open}}]}"""), Entity());
        Assert.Equal([(false, false), (true, false), (false, true)], verdicts.Select(v => (v.Holds, v.IsToBlame)));
    }

    [Fact]
    public void Explain_OfAnything_AgreesWithTheEvaluator() => Seeded.Check(500, random =>
    {
        var condition = RandomJson.Condition(random, 3);
        var entity = Some.Entity(RandomJson.Document(random));
        var verdicts = ConditionExplainer.Explain(condition, entity);
        if (CriterionEvaluator.Matches(condition, entity)) Assert.DoesNotContain(verdicts, verdict => verdict.IsToBlame);
        else Assert.InRange(ConditionWords.WhyNot(verdicts).Length, 1, AuditEvent.WordsLengthMax);
        Assert.InRange(ConditionWords.Of(condition).Length, 1, AuditEvent.WordsLengthMax);
    });

    [Fact]
    public void Explain_LongValuesAndManyParts_AreCut()
    {
        var entity = Some.Entity($$"""{"text":"{{string.Concat(Enumerable.Repeat("😀", 500))}}"}""");
        var one = """{"type":"simple","jsonPath":"$.text","operatorType":"EQUALS","value":"x"}""";
        var condition = Parse($$"""{"type":"group","operator":"AND","conditions":[{{string.Join(',', Enumerable.Repeat(one, 500))}}]}""");
        var verdicts = ConditionExplainer.Explain(condition, entity);
        Assert.Equal(ConditionExplainer.VerdictsMax, verdicts.Count);
        Assert.True(verdicts[0].Found[0].Utf8.Length < 1000);
        Assert.InRange(ConditionWords.WhyNot(verdicts).Length, 100, AuditEvent.WordsLengthMax);
        Assert.InRange(ConditionWords.Of(condition).Length, 100, AuditEvent.WordsLengthMax);
    }

    private static Condition Parse(string json) => ConditionJson.Parse(Some.Json(json)).Value;

    private static EntityRevision Entity() => Some.Entity("""{"amount":50,"lines":[{"color":"blue"},{"color":"green"},{}]}""");
}
