using System.Diagnostics;
using System.Security.Cryptography;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>What <c>./release</c> makes of the last commit, in a clone.</summary>
[Trait("Duration", "Long")]
public sealed class ReleaseTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("strata-release-").FullName;

    private string Clone => Path.Combine(root, "clone");

    public void Dispose() => Folder.Delete(root);

    [Fact]
    public async Task Archive_UnpackedOnAMachineWithoutDotNet_RunsACloud_AndIsTheSameEachTime()
    {
        await RunAsync("git", root, "clone", "--quiet", Path.GetFullPath(Path.Combine(Cloud.Samples, "..")), Clone);
        var first = await ReleaseAsync();
        Assert.Equal(first, await ReleaseAsync());

        var archive = Directory.GetFiles(Path.Combine(Clone, "artifacts/packages"), "strata-*-linux-*.tar.gz").Single();
        await RunAsync("tar", root, "--extract", "--file", archive);
        await using var cloud = new ReleasedCloud(
            Path.Combine(root, Path.GetFileName(archive).Replace(".tar.gz", "", StringComparison.Ordinal)));
        var version = (await cloud.RunAsync(ReleasedCloud.NoDotNet, "version")).ShouldSucceed().Output;
        Assert.Contains(version.Split(' ')[1], Path.GetFileName(archive), StringComparison.Ordinal);
        (await cloud.UpAsync()).ShouldSucceed();
        (await cloud.RunAsync("deploy", Path.Combine(Cloud.Samples, "welcome"), "--name", "site")).ShouldSucceed();
        Assert.NotEmpty(await cloud.GetPageAsync("site"));
        await StartProjectsAsync(cloud);
    }

    /// <summary>The archive has what new projects need; no checkout is around.</summary>
    private static async Task StartProjectsAsync(ReleasedCloud cloud)
    {
        using var stranger = new Stranger(cloud);
        foreach (var language in (string[])["typescript", "python", "dotnet"])
            (await cloud.RunAsync(ReleasedCloud.NoDotNet, "new", language, stranger.Path(language))).ShouldSucceed();
        await stranger.InstallPythonAsync("python", "-r", "requirements.txt");
        await stranger.CallFirstAsync("python", stranger.Path("python/.venv/bin/python"), "first_call.py");
        await stranger.InstallNodeAsync("typescript");
        await stranger.CallFirstAsync("typescript", "npm", "run", "--silent", "first-call");
        await stranger.CallFirstAsync("dotnet", "dotnet", "run", "--", "first-call");
    }

    [Fact]
    public async Task ChangesThatAreNotCommitted_AreNotReleased()
    {
        await RunAsync("git", root, "clone", "--quiet", Path.GetFullPath(Path.Combine(Cloud.Samples, "..")), Clone);
        await File.WriteAllTextAsync(Path.Combine(Clone, "new.txt"), "");
        var outcome = await Assert.ThrowsAnyAsync<Exception>(ReleaseAsync);
        Assert.Contains("not committed", outcome.Message, StringComparison.Ordinal);
    }

    private async Task<string> ReleaseAsync()
    {
        var rid = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier.EndsWith("arm64", StringComparison.Ordinal)
            ? "linux-arm64" : "linux-x64";
        await RunAsync(Path.Combine(Clone, "release"), Clone, "--no-image", "--rid", rid);
        var archive = Directory.GetFiles(Path.Combine(Clone, "artifacts/packages"), "*.tar.gz").Single();
        return Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(archive)));
    }

    private static async Task RunAsync(string command, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardError = true,
            RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command}: {await output}{await error}");
    }

    private sealed class ReleasedCloud(string folder) : Cloud
    {
        public static readonly IReadOnlyDictionary<string, string> NoDotNet =
            new Dictionary<string, string> { ["DOTNET_ROOT"] = "/nowhere", ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" };

        protected override string Executable => Path.Combine(folder, "strata");
    }
}
