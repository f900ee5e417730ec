using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Tests.Commands;

/// <summary>A secret's value is piped in, and is in no message.</summary>
public sealed class SecretsCommandTests : IDisposable
{
    private const string Secret = """
        {"id":"sec_01m8nvx4zyf5armq3xjgnpmt26","kind":"secret","name":"key","org":"o","project":null,"state":"ACTIVE","revision":7,
         "createdAt":"2026-01-01T00:00:00.1Z","updatedAt":"2026-01-01T00:00:00.12Z","updatedBy":"a","labels":{},"spec":{},
         "status":{"lastVersion":2},"deleted":false}
        """;

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Set_SendsWhatIsPipedIn_WithoutTheEndOfItsLine()
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (_, _) => Task.FromResult(Secret);
        Assert.Equal("Set key, version 2.\n", await RunAsync(api, 0, "hunter2\n", "key"));
        // Then it looks who uses it: this server does not say.
        Assert.Equal(["""POST /api/v1/secrets/key/versions {"value":"hunter2"}""", "GET /api/v1/secrets/key/uses"], api.Asked.TakeLast(2));
    }

    [Theory]
    [InlineData("key", "hunter2")]
    [InlineData("key=hunter2")]
    [InlineData("key", "hun", "ter2")]
    public async Task Set_AValueThatIsAnArgument_IsRefused_AndNotShown(params string[] arguments)
    {
        await using var api = await FakeApi.StartAsync();
        var said = await RunAsync(api, 2, "", arguments);
        Assert.Contains("secrets set NAME < FILE", said, StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", said, StringComparison.Ordinal);
        Assert.Empty(api.Asked);
    }

    [Theory]
    [InlineData(422, 1)]
    [InlineData(503, 0)]
    public async Task Set_OfANewSecretWhoseValueIsRefused_LeavesNone(int status, int deletions)
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            var isValue = http.Request.Path.Value!.EndsWith("/versions", StringComparison.Ordinal);
            if (isValue || http.Request.Method == "GET") http.Response.StatusCode = isValue ? status : 404;
            return Task.FromResult(http.Response.StatusCode == 200 ? Secret : """{"code":"NO","detail":"No."}""");
        };
        await RunAsync(api, 1, "hunter2", "key");
        Assert.Equal(deletions, api.Asked.Count(a => a == "DELETE /api/v1/secrets/sec_01m8nvx4zyf5armq3xjgnpmt26  If-Match \"7\""));
    }

    private async Task<string> RunAsync(FakeApi api, int expected, string input, params string[] arguments)
    {
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        var text = new StringWriter();
        var terminal = new Terminal { Out = text, Error = TextWriter.Synchronized(text), In = new StringReader(input) };
        var code = await StrataCommand.RunAsync(
            ["secrets", "set", .. arguments, "--home", home.Path], terminal, TestContext.Current.CancellationToken);
        Assert.True(code == expected, $"{code} {text}");
        return text.ToString();
    }
}
