using System.Text.Json;
using Strata.Core;
using Strata.TestSupport;

namespace Strata.Client.Tests;

/// <summary>The cases of sdk/context-cases.json, which every client library and the command line pass.</summary>
public sealed class LocalContextTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("strata-context-").FullName;

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static Dictionary<string, JsonElement> Cases { get; } = JsonElement.Parse(
        File.ReadAllBytes(Path.Combine(Script.Root, "sdk/context-cases.json"))).EnumerateArray().ToDictionary(c => Text(c, "name")!);

    public void Dispose() => Folder.Delete(home);

    [Theory]
    [MemberData(nameof(Names))]
    public void Connection_OfArgumentsVariablesAndFile_IsAsInEachLanguage(string name)
    {
        var given = Cases[name];
        var content = given.TryGetProperty("file", out var file) ? file.GetRawText() : Text(given, "text");
        if (content is not null) File.WriteAllText(Path.Combine(home, "context.json"), content);
        var (arguments, expected) = (Part(given, "arguments"), Part(given, "expected"));

        if (Text(expected, "error") is { } code)
        {
            Assert.Equal(code, Assert.Throws<StrataException>(() => Connect(given, arguments)).Error.Code);
            return;
        }
        var (address, token) = Connect(given, arguments);
        Assert.Equal((Text(expected, "url"), Text(expected, "token")), (address.GetLeftPart(UriPartial.Authority), token));
    }

    [Fact]
    public void Connection_WithAContextThatIsTooLongOrNotReadable_SaysSo()
    {
        var path = Path.Combine(home, "context.json");
        File.WriteAllText(path, $$"""{"server": "http://127.0.0.1:9001", "token": "{{new string('x', 70_000)}}"}""");
        Assert.Equal("CONTEXT_INVALID", Assert.Throws<StrataException>(() => Connect(default, default)).Error.Code);
        File.Delete(path);
        Directory.CreateDirectory(path);
        Assert.Equal("CONTEXT_UNREADABLE", Assert.Throws<StrataException>(() => Connect(default, default)).Error.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Connection_WithAPipeAsContext_DoesNotWaitForAWriter(bool isLink)
    {
        System.Diagnostics.Process.Start("mkfifo", Path.Combine(home, isLink ? "pipe" : "context.json"))!.WaitForExit();
        if (isLink) File.CreateSymbolicLink(Path.Combine(home, "context.json"), "pipe");
        Assert.Equal("CONTEXT_INVALID", Assert.Throws<StrataException>(() => Connect(default, default)).Error.Code);
    }

    private (Uri Address, string? Token) Connect(JsonElement given, JsonElement arguments) => LocalContext.Connection(
        Text(arguments, "url"), Text(arguments, "token"), name => name == "STRATA_HOME" ? home : Text(Part(given, "environment"), name));

    private static JsonElement Part(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var part) ? part : default;

    private static string? Text(JsonElement json, string name) => Part(json, name) is { ValueKind: JsonValueKind.String } text
        ? text.GetString() : null;
}
