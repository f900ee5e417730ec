using Strata.Entities.Log;
using Strata.Entities.Stats;

namespace Strata.Entities.Tests.Stats;

public sealed class ExactDecimalTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0.00", "0")]
    [InlineData("1.50", "1.5")]
    [InlineData("-100", "-100")]
    [InlineData("1.5e3", "1500")]
    [InlineData("15E-4", "0.0015")]
    [InlineData("170141183460469231731687303715884105728", "170141183460469231731687303715884105728")]
    public void ToString_IsPlainAndShort(string json, string plain) => Assert.Equal(plain, ExactDecimal.Parse(json).ToString());

    [Fact]
    public void Arithmetic_IsExact()
    {
        var (a, b) = (ExactDecimal.Parse("0.1"), ExactDecimal.Parse("1e30"));
        Assert.Equal("1000000000000000000000000000000.1", (a + b).ToString());
        Assert.Equal("100000000000000000000000000000", (a * b).ToString());
        Assert.Equal("-0.1", (ExactDecimal.Zero - a).ToString());
        Assert.True(a.CompareTo(b) < 0);
    }

    [Theory]
    [InlineData("10", 4, "2.5")]
    [InlineData("1", 3, "0.3333333333333333333333333333333333")]
    [InlineData("-2", 3, "-0.6666666666666666666666666666666667")]
    [InlineData("0", 7, "0")]
    public void DivideBy_EndsExactlyOrRounds(string dividend, int divisor, string quotient) =>
        Assert.Equal(quotient, ExactDecimal.Parse(dividend).DivideBy(divisor).ToString());

    [Theory]
    [InlineData("4", "2")]
    [InlineData("0", "0")]
    [InlineData("0.0004", "0.02")]
    [InlineData("2", "1.414213562373095048801688724209698")]
    [InlineData("1e-40", "0.00000000000000000001")]
    public void SquareRoot_HasItsDigits(string square, string root) =>
        Assert.Equal(root, ExactDecimal.Parse(square).SquareRoot().ToString());

    [Fact]
    public void StandardDeviation_IsOfTheSample()
    {
        Assert.StartsWith("2.13808993529939507747642784703", new FieldSums(8, "40", "232", "2", "9", null, null).StandardDeviation(),
            StringComparison.Ordinal);
        Assert.Null(new FieldSums(1, "1", "1", "1", "1", null, null).StandardDeviation());
        Assert.Equal("0", new FieldSums(3, "3", "3", "1", "1", null, null).StandardDeviation());
        Assert.Equal("5", new FieldSums(8, "40", "232", "2", "9", null, null).Average());
    }
}
