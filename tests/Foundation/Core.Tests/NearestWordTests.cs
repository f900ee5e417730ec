namespace Strata.Core.Tests;

public sealed class NearestWordTests
{
    private static readonly string[] Known = ["deploy", "delete", "describe", "readyReplicas", "createdAt"];

    [Theory]
    [InlineData("deplyo", "deploy")]
    [InlineData("creatdAt", "createdAt")]
    [InlineData("READYREPLICAS", "readyReplicas")]
    [InlineData("x", null)]
    [InlineData("frobnicate", null)]
    public void To_IsTheWordWithTheFewestChanges_IfItIsNear(string word, string? expected) =>
        Assert.Equal(expected, NearestWord.To(word, Known));

    [Fact]
    public void To_Several_HasTheNearestFirst() =>
        Assert.Equal(["totals", "total"], NearestWord.To("totals1", ["total", "totals", "up"], 3));

    [Fact]
    public void To_ALongWord_IsNothing() => Assert.Null(NearestWord.To(new string('a', 61), [new string('a', 61)]));
}
