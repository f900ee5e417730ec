using System.Text.Json;
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
    public async Task Load_OfOptionVariablesAndFile_TakesTheTokenOfThatAddress(
        string? server, string? url, string? token, string expectedServer, string? expectedToken)
    {
        await home.KeepAsync(new CliContext { Server = Local, Token = "local" });
        var context = CliContext.Load(home.Path, server, url, token);
        Assert.Equal((expectedServer, expectedToken), (context.Server, context.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_OfAPipe_DoesNotWaitForAWriter(bool isLink)
    {
        System.Diagnostics.Process.Start("mkfifo", Path.Combine(home.Path, isLink ? "pipe" : Contexts.FileName))!.WaitForExit();
        if (isLink) File.CreateSymbolicLink(Path.Combine(home.Path, Contexts.FileName), "pipe");
        Assert.Equal("CONTEXT_INVALID", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null)).Error.Code);
    }

    /// <summary>The client libraries pass the same cases; a command has no token as an argument, and no default address.</summary>
    [Fact]
    public void Load_OfTheCasesOfTheClientLibraries_IsTheSame()
    {
        var cases = JsonElement.Parse(File.ReadAllBytes(Path.Combine(TestSupport.Script.Root, "sdk/context-cases.json"))).EnumerateArray()
            .Where(c => c.TryGetProperty("file", out _) && Text(c, "expected", "url") is not null && Text(c, "arguments", "token") is null)
            .ToList();
        Assert.True(cases.Count >= 10, $"only {cases.Count} cases");
        foreach (var given in cases)
        {
            home.Write(Contexts.FileName, given.GetProperty("file").GetRawText());
            var context = CliContext.Load(
                home.Path, Text(given, "arguments", "url"), Text(given, "environment", "STRATA_URL"),
                Text(given, "environment", "STRATA_TOKEN"));
            Assert.Equal((given.GetProperty("name").GetString(), Text(given, "expected", "url"), Text(given, "expected", "token")),
                (given.GetProperty("name").GetString(), new Uri(context.Server).GetLeftPart(UriPartial.Authority), context.Token));
        }
    }

    private static string? Text(JsonElement json, string part, string name) =>
        json.TryGetProperty(part, out var found) && found.TryGetProperty(name, out var value) ? value.GetString() : null;

    [Fact]
    public void Load_WithoutAFile_GoesByTheOption()
    {
        Assert.Equal("http://x.example", CliContext.Load(home.Path, "http://x.example", null, null).Server);
        Assert.Equal("NO_CONTEXT", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null)).Error.Code);
    }
}
