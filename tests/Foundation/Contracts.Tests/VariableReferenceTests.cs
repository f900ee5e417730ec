namespace Strata.Contracts.Tests;

public sealed class VariableReferenceTests
{
    [Theory]
    [InlineData("postgres://shop:${secret.db-password}@db/shop", "postgres://shop:<secret/db-password>@db/shop")]
    [InlineData("${secret.a}${secret.b}", "<secret/a><secret/b>")]
    [InlineData("$${secret.a}", "${secret.a}")]
    [InlineData("$$${secret.a}", "$${secret.a}")]
    [InlineData("${HOME} $PATH $$ ${} ${.} ${secret.} ${secret.a b}", "${HOME} $PATH $$ ${} ${.} ${secret.} ${secret.a b}")]
    [InlineData("${secret.${secret.a}}", "${secret.<secret/a>}")]
    [InlineData("${server.port} ${env:X}", "${server.port} ${env:X}")]
    [InlineData("", "")]
    public void Resolve_PutsValuesInThePlaceOfReferences(string value, string resolved) =>
        Assert.Equal(resolved, VariableReference.Resolve(value, x => $"<secret/{x.Secret}>"));

    [Theory]
    [InlineData("${secret.a} $${secret.b} ${C}")]
    [InlineData("$$${secret.a}")]
    [InlineData("plain $ text")]
    public void Escape_MakesTextThatResolvesToItself(string text) => Assert.Equal(
        text, VariableReference.Resolve(VariableReference.Escape(text), _ => throw new InvalidOperationException("a reference")));

    /// <summary>What a value becomes is not looked at again.</summary>
    [Fact]
    public void Resolve_OfAValueThatLooksLikeAReference_TakesItAsText() =>
        Assert.Equal("${secret.b}", VariableReference.Resolve("${secret.a}", x => x.Secret == "a" ? "${secret.b}" : "not this"));

    [Fact]
    public void WithoutReferences_LeavesOutWhatRefersToSecrets()
    {
        var variables = new Dictionary<string, string> { ["A"] = "${secret.a}", ["B"] = "$${secret.b}", ["C"] = "c" };
        Assert.Equal(new Dictionary<string, string> { ["B"] = "${secret.b}", ["C"] = "c" }, VariableReference.WithoutReferences(variables));
    }
}
