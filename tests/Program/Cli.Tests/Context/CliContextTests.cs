using Strata.Cli.Context;
using Strata.Core;

namespace Strata.Cli.Tests.Context;

/// <summary>A token is sent to the address that it was made for, and to no other.</summary>
public sealed class CliContextTests : IDisposable
{
    private const string Local = "http://127.0.0.1:8080";

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData(null, null, null, Local, "local")]
    [InlineData("http://127.0.0.1:8080/", null, null, "http://127.0.0.1:8080/", "local")]
    [InlineData("http://evil.example", null, null, "http://evil.example", null)]
    [InlineData("http://127.0.0.1:8081", null, null, "http://127.0.0.1:8081", null)]
    [InlineData("https://127.0.0.1:8080", null, null, "https://127.0.0.1:8080", null)]
    [InlineData("http://evil.example", null, "given", "http://evil.example", "given")]
    [InlineData(null, "http://other.example", null, "http://other.example", null)]
    [InlineData(null, "http://other.example", "given", "http://other.example", "given")]
    [InlineData("http://evil.example", "http://other.example", "given", "http://evil.example", null)]
    [InlineData(null, null, "given", Local, "given")]
    [InlineData("http://127.0.0.1:8080", "http://other.example", "given", "http://127.0.0.1:8080", "local")]
    public void Load_OfOptionVariablesAndFile_TakesTheTokenOfThatAddress(
        string? server, string? url, string? token, string expectedServer, string? expectedToken)
    {
        new CliContext { Server = Local, Token = "local" }.Save(home.Path);
        var context = CliContext.Load(home.Path, server, url, token);
        Assert.Equal((expectedServer, expectedToken), (context.Server, context.Token));
    }

    [Fact]
    public void Load_WithoutAFile_GoesByTheOption()
    {
        Assert.Equal("http://x.example", CliContext.Load(home.Path, "http://x.example", null, null).Server);
        Assert.Equal("NO_CONTEXT", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null)).Error.Code);
    }
}
