using System.Diagnostics;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary><c>strata new</c>: what it writes passes its own tests, and joins under <c>strata dev</c>.</summary>
public sealed class NewTests(SharedCloud cloud) : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-new-test-").FullName;

    private static string Sdk => Path.Combine(Script.Root, "sdk");

    public void Dispose() => Folder.Delete(folder);

    [Fact]
    public async Task Python_PassesItsTests_AndJoins()
    {
        var member = await NewAsync("python");
        await Script.RunAsync(Python, ["-m", "unittest"], member, ("PYTHONPATH", Sdk + "/python"));
        await JoinAsync(member, $"PYTHONPATH={Sdk}/python {Python} member.py");
    }

    [Fact]
    public async Task TypeScript_Compiles_PassesItsTests_AndJoins()
    {
        var member = await NewAsync("typescript");
        var installed = Sdk + "/typescript/node_modules/";
        Directory.CreateDirectory(Path.Combine(member, "node_modules/@strata")); // as npm install links a folder
        File.CreateSymbolicLink(Path.Combine(member, "node_modules/@strata/client"), Sdk + "/typescript");
        File.CreateSymbolicLink(Path.Combine(member, "node_modules/@types"), installed + "@types");
        await Script.RunAsync("node", [installed + "typescript/bin/tsc", "-p", "."], member);
        await Script.RunAsync("node", ["--test", "dist/"], member);
        await JoinAsync(member, "node dist/member.js");
    }

    [Fact]
    public async Task DotNet_RefersToTheLibrary()
    {
        var member = await NewAsync("dotnet");
        var project = await File.ReadAllTextAsync(Path.Combine(member, "Member.csproj"), TestContext.Current.CancellationToken);
        Assert.True(File.Exists(project.Split('"').Single(part => part.EndsWith("Client.csproj", StringComparison.Ordinal))));
        var again = await cloud.RunAsync("new", "dotnet", member);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("FOLDER_NOT_EMPTY", again.Error);
    }

    private async Task<string> NewAsync(string language)
    {
        var member = Path.Combine(folder, "new-" + language);
        (await cloud.RunAsync("new", language, member)).ShouldSucceed();
        return member;
    }

    private async Task JoinAsync(string member, string command)
    {
        using var dev = cloud.Start("dev", member, "--command", command);
        _ = dev.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _ = dev.StandardError.ReadToEndAsync(CancellationToken.None);
        await Wait.UntilAsync(
            async () => (await cloud.RunAsync("compute")).Output.Contains(Path.GetFileName(member), StringComparison.Ordinal),
            $"{member} has joined");
        using (Process.Start("kill", $"-TERM {dev.Id}")) await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Wait.UntilAsync(
            async () => !(await cloud.RunAsync("compute")).Output.Contains(Path.GetFileName(member), StringComparison.Ordinal),
            $"{member} has left");
    }
}
