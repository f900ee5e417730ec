using System.Diagnostics;

namespace Strata.Server.Tests.Support;

/// <summary>
/// A project of someone who has Strata's packages and no checkout: a folder elsewhere, and no variable that leads to a cloud but the data
/// folder, as <c>~/.strata</c> does for users.
/// </summary>
internal sealed class Stranger(Cloud cloud) : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private readonly string root = Directory.CreateTempSubdirectory("strata-stranger-").FullName;

    public string Path(string name) => System.IO.Path.Combine(root, name);

    public void Dispose() => Folder.Delete(root);

    /// <summary>Runs a program in a folder below, as its user would in a terminal; what it wrote.</summary>
    public Task<string> RunAsync(string folder, string program, params string[] arguments) => Script.RunAsync(
        program, arguments, Path(folder),
        [("STRATA_HOME", cloud.Home), ("STRATA_URL", ""), ("STRATA_TOKEN", ""), ("PYTHONPATH", ""), ("DOTNET_NOLOGO", "1"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1")]);

    /// <summary>The packages of a client library.</summary>
    public static async Task<string[]> PackagesAsync(string language) =>
        Directory.GetFiles((await Script.RunAsync(System.IO.Path.Combine(Script.Root, "scripts/pack-sdk"), [language])).Trim());

    /// <summary>Writes a file of the program.</summary>
    public void Write(string file, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(file))!);
        File.WriteAllText(Path(file), text);
    }

    /// <summary>A virtual environment in the folder, with grpcio as the machine has it: tests reach no package index of Python.</summary>
    public async Task InstallPythonAsync(string folder, params string[] packages)
    {
        await RunAsync(folder, Python, "-m", "venv", "--system-site-packages", ".venv");
        await RunAsync(folder, Path(folder + "/.venv/bin/pip"), ["install", "--quiet", "--no-index", .. packages]);
    }

    public Task InstallNodeAsync(string folder, params string[] packages) => RunAsync(
        folder, "npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", .. packages]);

    /// <summary>Runs what <c>strata new</c> wrote under <c>strata dev</c>, and its program for the first call, twice.</summary>
    public async Task CallFirstAsync(string member, string program, params string[] arguments)
    {
        var tag = member.ToLowerInvariant().Replace(' ', '-');
        using var dev = cloud.Start("dev", Path(member));
        var said = dev.StandardError.ReadToEndAsync(CancellationToken.None);
        var shown = dev.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await Wait.UntilAsync(async () => await HasJoinedAsync(tag), $"{tag} has joined");
        Assert.Equal("GREETED: Hello Ann", (await RunAsync(member, program, arguments)).Trim());
        // The second time the model exists and is locked.
        string[] name = program == "npm" ? ["--", "Bo"] : ["Bo"];
        Assert.Equal("GREETED: Hello Bo", (await RunAsync(member, program, [.. arguments, .. name])).Trim());
        using (Process.Start("kill", $"-TERM {dev.Id}")) await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Wait.UntilAsync(async () => !await HasJoinedAsync(tag), $"{tag} has left");
        Assert.Contains("processor greet", await shown, StringComparison.Ordinal);
        Assert.DoesNotContain("exit code", await said, StringComparison.Ordinal);
    }

    private async Task<bool> HasJoinedAsync(string tag) =>
        (await cloud.RunAsync("compute", "-o", "json")).Output.Contains($"\"{tag}\"", StringComparison.Ordinal);
}
