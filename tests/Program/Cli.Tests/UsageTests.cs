using Strata.Cli.Cloud;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    private const string Project = """
        {"id":"prj_1","kind":"project","name":"web","org":"o","state":"ACTIVE","revision":1,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","updatedBy":"a",
         "labels":{},"spec":{},"status":{}}
        """;

    private readonly TempFolder home = new();
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData("nonsense")]
    [InlineData("get")]
    [InlineData("get a b c")]
    [InlineData("scale")]
    [InlineData("get deployments --no-such-option")]
    [InlineData("get deployments -o xml")]
    [InlineData("completion tcsh")]
    public async Task Run_WrongUsage_IsTwoAndSaysHow(string line)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Contains("--help", error.ToString());
        Assert.Empty(output.ToString());
    }

    [Fact]
    public async Task Run_WithoutACloud_IsOneAndSaysWhatToDo()
    {
        Assert.Equal(1, await RunAsync($"get deployments --home {home.Path}"));
        Assert.Contains($"strata --home {home.Path} up", error.ToString());
        Assert.Contains("NO_CONTEXT", error.ToString());
        Assert.Empty(output.ToString());
    }

    [Fact]
    public async Task Run_UnreachableCloud_IsOneAndSaysWhatToDo()
    {
        home.Write("context.json", """{"server":"http://127.0.0.1:9","token":"x"}""");
        Assert.Equal(1, await RunAsync($"get deployments --home {home.Path}"));
        Assert.Contains("SERVER_UNREACHABLE", error.ToString());
    }

    [Theory]
    [InlineData("logs shop -n x", "\"x\" is not a value of --tail: it takes a whole number.")]
    [InlineData("logs shop -n -1", "\"-1\" is not a value of --tail: it takes a whole number from 0.")]
    [InlineData("scale shop many", "\"many\" is not a value of COUNT: it takes a whole number.")]
    [InlineData("scale shop 101", "\"101\" is not a value of COUNT: it takes a whole number from 0 to 100.")]
    [InlineData("deploy . --wait-timeout 99999999999", "\"99999999999\" is not a value of --wait-timeout: it takes a whole number")]
    [InlineData("deploy . --wait-timeout -5", "\"-5\" is not a value of --wait-timeout: it takes a whole number from 1")]
    [InlineData("get deployments -o xml", "\"xml\" is not a value of --output: it takes table, json or yaml.")]
    [InlineData("scale shop 2 --replicas 3", "2 and --replicas 3 contradict each other.")]
    [InlineData("get deployments --server ftp://x", "\"ftp://x\" (--server) is not the address of a server.")]
    [InlineData("get deployments --server shop", "Give one that begins with http:// or https://")]
    [InlineData("status --server ftp://x", "(--server) is not the address of a server.")]
    [InlineData("help nonsense", "There is no command \"nonsense\".")]
    [InlineData("help entity nonsense", "There is no command \"entity nonsense\".")]
    [InlineData("deplyo .", "Did you mean \"strata deploy\"?")]
    [InlineData("entity craete order", "Did you mean \"strata entity create\"?")]
    [InlineData("get deployments --wher x", "There is no option \"--wher\".")]
    [InlineData("get deployments --wher x", "Did you mean \"strata get --where\"?")]
    [InlineData("deploy . --nme shop --branch", "Did you mean \"strata deploy --name\"?")]
    [InlineData("entity --froce", "There is no option \"--froce\".")]
    [InlineData("deplyo . --create-project", "Did you mean \"strata deploy\"?")]
    [InlineData("entity craete order --data {}", "Did you mean \"strata entity create\"?")]
    [InlineData("scale shop -1", "\"-1\" is not a value of COUNT: it takes a whole number from 0 to 100.")]
    [InlineData("xyz", "There is no command \"xyz\".")]
    public async Task Run_WrongValue_IsAPlainSentence(string line, string expected)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_ByOptionAndByCommand_IsTheSame()
    {
        Assert.Equal(0, await RunAsync("--version"));
        var version = output.ToString().Trim();
        output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("version"));
        Assert.StartsWith(version + " ", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help scale", "scale --help")]
    [InlineData("help entity create", "entity create --help")]
    public async Task Help_OfACommand_IsTheSameAsItsOption(string line, string option)
    {
        Assert.Equal(0, await RunAsync(line));
        var shown = output.ToString();
        output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync(option));
        Assert.Equal(output.ToString(), shown);
    }

    [Fact]
    public async Task Run_WithOptionsOfItsOwn_ProposesCommandsWithThem()
    {
        await using var api = await Commands.FakeApi.StartAsync();
        api.Answer = Project;
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        Assert.Equal(2, await RunAsync($"scale shop --org acme -p web --home {home.Path}"));
        Assert.Contains(
            $"strata --home {home.Path} --org acme --project web scale shop --replicas 2", error.ToString(), StringComparison.Ordinal);
        error.GetStringBuilder().Clear();
        home.Write("context.json", """{"server":"http://127.0.0.1:9","token":"x"}""");
        Assert.Equal(1, await RunAsync($"get deployments --org acme --home {home.Path}"));
        Assert.Contains($"strata --home {home.Path} up", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithAServerThatDoesNotAnswer_ProposesCommandsWithoutIt()
    {
        Assert.Equal(1, await RunAsync($"get deployments --server http://127.0.0.1:9 --home {home.Path}"));
        Assert.Contains($"strata --home {home.Path} status", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://welcome.localhost:8000", "http://welcome.localhost:9000")]
    [InlineData("http://welcome.localhost:9000/", "http://welcome.localhost:9000/")]
    [InlineData(null, null)]
    public void Summary_AfterAStartOnAnotherPort_ShowsThePresentOne(string? stored, string? expected)
    {
        var cloud = new Server.Hosting.RunningCloud(1, "1", new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:9000"), default, true);
        Assert.Equal(expected, CloudSummary.AtPortOf(cloud, stored));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("")]
    public async Task Run_Help_ListsCommandsOnStandardOutput(string line)
    {
        Assert.Equal(0, await RunAsync(line));
        Assert.Contains("deploy", output.ToString());
        Assert.Empty(error.ToString());
    }

    [Theory]
    [InlineData("version")]
    [InlineData("version --json")]
    [InlineData("completion bash")]
    public async Task Run_WithoutAServer_SomeCommandsWork(string line) => Assert.Equal(0, await RunAsync(line));

    private Task<int> RunAsync(string line) => StrataCommand.RunAsync(
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Terminal { Out = output, Error = error },
        TestContext.Current.CancellationToken);
}
