using Strata.Cli.Shell;

namespace Strata.Cli.Tests;

public sealed class UsageTests : IDisposable
{
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
        Assert.Contains("strata up", error.ToString());
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
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Terminal { Out = output, Error = error }, TestContext.Current.CancellationToken);
}
