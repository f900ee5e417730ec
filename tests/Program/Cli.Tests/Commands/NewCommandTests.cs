using Strata.Cli.Tests.Context;
using System.Text.Json;
using Strata.Cli.Context;
using Strata.Cli.Developing;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Commands;

/// <summary><c>strata new</c> and <c>strata context export</c>; the projects are built and run by the tests of the whole program.</summary>
public sealed class NewCommandTests : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task New_AsJson_ListsTheFilesAndTheNextSteps()
    {
        var folder = Path.Combine(home.Path, "my-member");
        var (code, output, _) = await RunAsync("new", "python", folder, "-o", "json");
        Assert.Equal(CommandRunner.Done, code);
        var created = JsonElement.Parse(output);
        var files = created.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        Assert.All(files, f => Assert.True(File.Exists(Path.Combine(folder, f)), f));
        Assert.Contains("strata dev", created.GetProperty("next").EnumerateArray().Select(n => n.GetString()));
        var package = Assert.Single(files, f => f.StartsWith("packages/", StringComparison.Ordinal));
        Assert.Equal($"./{package}\n", await File.ReadAllTextAsync(Path.Combine(folder, "requirements.txt"), CancellationToken));
    }

    [Fact]
    public async Task New_InAFolderWithSomethingInIt_ChangesNothing()
    {
        home.Write("mine/notes.txt", "");
        var (code, _, error) = await RunAsync("new", "dotnet", Path.Combine(home.Path, "mine"));
        Assert.Equal(CommandRunner.Failed, code);
        Assert.Contains("FOLDER_NOT_EMPTY", error, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.Combine(home.Path, "mine")));
    }

    [Fact]
    public async Task New_InALanguageThatIsNotThere_NamesThose()
    {
        var (code, _, error) = await RunAsync("new", "cobol");
        Assert.Equal(CommandRunner.WrongUsage, code);
        foreach (var language in MemberTemplate.Languages) Assert.Contains(language, error, StringComparison.Ordinal);
    }

    /// <summary>As inside a checkout of Strata, whose central package versions would break the project's build.</summary>
    [Fact]
    public void Write_BelowAFolderWithBuildSettings_KeepsThemOut()
    {
        home.Write("Directory.Packages.props", "<Project />");
        var package = home.Write("Strata.Client.1.2.3-src.h1.nupkg", "");
        var folder = Path.Combine(home.Path, "a/b");
        Assert.Contains("Directory.Packages.props", MemberTemplate.Write("dotnet", folder, [package]));
        Assert.Contains("<Project />", File.ReadAllText(Path.Combine(folder, "Directory.Packages.props")), StringComparison.Ordinal);
        Assert.Contains("Version=\"[1.2.3-src.h1]\"", File.ReadAllText(Path.Combine(folder, "Member.csproj")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/x/My Member/", "my-member")]
    [InlineData("orders", "orders")]
    [InlineData("../Ünïcode.v2", "n-code-v2")]
    [InlineData("/", "member")]
    [InlineData("a-very-long-name-indeed", "a-very-long")]
    public void MemberName_OfAFolder_IsPlain(string folder, string expected) =>
        Assert.Equal(expected, MemberName.Of(folder, lengthMax: 12));

    [Fact]
    public async Task Env_OfTheContext_CanBeEvaluatedByAShell()
    {
        var context = new CliContext { Server = "http://127.0.0.1:9001", Token = "it's $HOME" };
        await home.KeepAsync(context);
        var (_, output, _) = await RunAsync("context", "export", "--server", "http://127.0.0.1:9001");
        var said = await TestSupport.Script.RunAsync(
            "bash", ["-c", $"eval \"$1\"; printf '%s|%s' \"$STRATA_URL\" \"$STRATA_TOKEN\"", "-", output], home.Path);
        Assert.Equal("http://127.0.0.1:9001|it's $HOME", said);
    }

    /// <summary>A token of another server that is in the shell must not stay there beside the new address.</summary>
    [Fact]
    public async Task Env_WithoutATokenForTheServer_ClearsTheVariable()
    {
        await home.KeepAsync(new CliContext { Server = "http://127.0.0.1:9001", Token = "local" });
        var (code, output, _) = await RunAsync("context", "export", "--server", "http://127.0.0.1:9002");
        Assert.Equal((CommandRunner.Done, "export STRATA_URL=http://127.0.0.1:9002\nexport STRATA_TOKEN=''\n"), (code, output));
    }

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await StrataCommand.RunAsync(
            ["--home", home.Path, .. arguments], new Terminal { Out = output, Error = error }, CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
