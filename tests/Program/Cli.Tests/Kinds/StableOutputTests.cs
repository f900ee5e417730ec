using System.Text.RegularExpressions;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;

namespace Strata.Cli.Tests.Kinds;

/// <summary>
/// What commands write for machines is the same each time: every time has the same number of digits, whatever the server left out, and
/// members come in a stable order. What users wrote stays as it is.
/// </summary>
public sealed partial class StableOutputTests : IAsyncLifetime
{
    private const string Id = "01a20607-2009-78a2-9598-b54ffc2e43ac";
    private const string Short = "2026-01-01T00:00:00Z";
    private const string Long = "2026-01-01T00:00:00.1234567+00:00";

    private const string Envelope =
        $$$"""{"type":"ENTITY","data":{"z":1.50,"a":"{{{Short}}}"},"meta":{"id":"{{{Id}}}","state":"NEW","creationDate":"{{{Short}}}","lastUpdateTime":"2026-01-01T00:00:00.1Z","transactionId":"{{{Id}}}"}}""";

    private const string Resource =
        $$$"""{"id":"dep_01m8km2mt5e008002wbxsk2rm2","kind":"deployment","name":"shop","org":"o","state":"RUNNING","revision":7,"createdAt":"{{{Short}}}","updatedAt":"{{{Long}}}","updatedBy":"a","labels":{"b":"{{{Short}}}","a":"1"},"spec":{"zeta":{"two":1,"oneAt":"{{{Short}}}"},"alpha":2},"status":{"seenAt":"2026-01-01T00:00:00.12Z","begunAt":"{{{Short}}}"}}""";

    private const string Kinds = """
        {"kinds":[{"name":"deployment","plural":"deployments","idPrefix":"dep"},{"name":"route","plural":"routes","idPrefix":"rou"},
                  {"name":"release","plural":"releases","idPrefix":"rel"},{"name":"instance","plural":"instances","idPrefix":"ins"}]}
        """;

    private readonly TempFolder home = new();
    private FakeApi api = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
    }

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        home.Dispose();
    }

    [Theory]
    [InlineData(Envelope, "entity", "get", Id)]
    [InlineData(Envelope, "search", "order", "-n", "1")]
    [InlineData($$"""{"items":[{{Envelope}}]}""", "entity", "list", "order")]
    [InlineData($$"""[{"changeType":"CREATE","timeOfChange":"{{Short}}","user":"a","transactionId":"{{Id}}"}]""", "entity", "changes", Id)]
    [InlineData($$"""{"type":"change","timeOfChange":"{{Short}}","entity":{{Envelope}}}""" + "\n" + """{"type":"ping","position":1,"end":true}""",
        "entity", "feed")]
    [InlineData($$"""{"position":1,"at":"{{Short}}","source":"shop-1","text":"{{Short}}"}""", "logs", "shop")]
    [InlineData($$"""[{"clientId":"a","creationDate":"{{Short}}","roles":[]}]""", "client", "list")]
    [InlineData($$"""{"items":[{"name":"m","connectedAt":"{{Long}}"}]}""", "compute")]
    [InlineData($$"""{"wouldSucceed":true,"steps":[],"schedules":[{"transition":"x","dueAt":"{{Short}}"}]}""", "entity", "transition", Id, "pay",
        "--dry-run")]
    [InlineData($$"""{"items":[{{Resource}}]}""", "get", "deployments")]
    [InlineData($$"""{"items":[{{Resource}}]}""", "history", "shop")]
    [InlineData(Resource, "describe", "shop")]
    public async Task Command_ForMachines_WritesTimesOfOneLength(string answer, params string[] line)
    {
        foreach (var format in (string[])["json", "yaml"])
        {
            var text = WithoutUsersOwn(await RunAsync(answer, [.. line, "-o", format]));
            var times = Time().Matches(text).Select(m => m.Value).ToList();
            Assert.NotEmpty(times);
            Assert.All(times, time => Assert.Matches(@"^2026-01-01T00:00:00\.\d{6}Z$", time));
        }
    }

    [Theory]
    [InlineData("get", "deployments", "-o", "json")]
    [InlineData("get", "deployment", "shop", "-o", "json")]
    [InlineData("history", "shop", "-o", "json")]
    [InlineData("describe", "shop", "-o", "yaml")]
    [InlineData("describe", "shop")]
    public async Task Command_OfResources_SortsTheirMembers(params string[] line)
    {
        var text = await RunAsync(line[1] == "shop" && line[0] == "describe" || line is [_, "deployment", ..]
            ? Resource : $$"""{"items":[{{Resource}}]}""", line);
        var places = new[] { "alpha", "zeta", "one", "two", "begun", "seen" }.Select(
            n => text.IndexOf(n, StringComparison.Ordinal)).ToList();
        Assert.True(places[0] > 0 && places.Order().SequenceEqual(places), text);
    }

    [Fact]
    public async Task Command_OfEntities_LeavesWhatUsersWrote()
    {
        var text = await RunAsync(Envelope, "entity", "get", Id, "-o", "json");
        Assert.Contains($"\"z\": 1.50,\n    \"a\": \"{Short}\"", text, StringComparison.Ordinal);
        Assert.Contains($"\"b\": \"{Short}\"", await RunAsync(Resource, "describe", "shop", "-o", "json"), StringComparison.Ordinal);
        const string criterion =
            $$$"""{"entityName":"order","workflows":[{"name":"w","criterion":{"value":"{{{Short}}}"}}]}""";
        Assert.Contains(
            $"\"value\": \"{Short}\"", await RunAsync(criterion, "workflow", "export", "order", "-o", "json"), StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(string answer, params string[] line)
    {
        api.Respond = (http, _) => Task.FromResult(http.Request.Path.Value!.Split('/')[^1] switch
        {
            "v1" => Kinds,
            "routes" or "releases" or "instances" => """{"items":[]}""",
            _ => answer,
        });
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter());
        var code = await StrataCommand.RunAsync(
            [.. line, "--home", home.Path], new Terminal { Out = output, Error = error }, TestContext.Current.CancellationToken);
        Assert.True(code == 0, error.ToString());
        return output.ToString();
    }

    /// <summary>Members of data and labels, and the text of a line of a log.</summary>
    private static string WithoutUsersOwn(string text) =>
        string.Join('\n', text.Split('\n').Select(l => UsersOwn().Replace(l, "")));

    [GeneratedRegex("""("?\b(a|b|text)"?: ?"?2026-[^",]*)""")]
    private static partial Regex UsersOwn();

    [GeneratedRegex(@"2026-01-01T[0-9:.]*(Z|\+00:00)?")]
    private static partial Regex Time();
}
