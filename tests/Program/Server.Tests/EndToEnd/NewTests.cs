using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// <c>strata new</c>, followed as its README says: what it writes is installed, passes its own tests, joins under <c>strata dev</c>, and
/// its first call is answered by its own code.
/// </summary>
public sealed class NewTests(SharedCloud cloud) : IDisposable
{
    private readonly Stranger stranger = new(cloud);

    public void Dispose() => stranger.Dispose();

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Python_FromTheFirstCommandToTheFirstCall()
    {
        var member = await NewAsync("python");
        await stranger.InstallPythonAsync(member, "-r", "requirements.txt");
        var python = stranger.Path(member + "/.venv/bin/python");
        await stranger.RunAsync(member, python, "-m", "unittest");
        await stranger.CallFirstAsync(member, python, "first_call.py");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task TypeScript_FromTheFirstCommandToTheFirstCall()
    {
        var member = await NewAsync("typescript");
        await stranger.InstallNodeAsync(member);
        await stranger.RunAsync(member, "npm", "test");
        await stranger.CallFirstAsync(member, "npm", "run", "--silent", "first-call");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DotNet_FromTheFirstCommandToTheFirstCall()
    {
        var member = await NewAsync("dotnet");
        await stranger.RunAsync(member, "dotnet", "build", "-v", "quiet");
        await stranger.CallFirstAsync(member, "dotnet", "run", "--", "first-call");
    }

    /// <summary>The project, in a folder with a name that is no name of a tag or package.</summary>
    private async Task<string> NewAsync(string language)
    {
        var name = $"My new {language}";
        var result = (await cloud.RunAsync("new", language, stranger.Path(name))).ShouldSucceed();
        var files = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Superset(
            new HashSet<string> { "README.md", "workflow.json", "sample.json", ".gitignore" }, files.ToHashSet(StringComparer.Ordinal));
        foreach (var file in files.Where(f => !f.StartsWith("packages/", StringComparison.Ordinal)))
        {
            var text = await File.ReadAllTextAsync(stranger.Path($"{name}/{file}"), TestContext.Current.CancellationToken);
            Assert.DoesNotContain(Script.Root, text, StringComparison.Ordinal);
            Assert.DoesNotContain("$name$", text, StringComparison.Ordinal);
            Assert.DoesNotContain("$version$", text, StringComparison.Ordinal);
        }
        return name;
    }
}
