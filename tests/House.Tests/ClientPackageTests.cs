using System.IO.Compression;

namespace Strata.House.Tests;

/// <summary>What the packages of the client libraries say about themselves; tests/Program/Server.Tests installs and runs them.</summary>
public sealed class ClientPackageTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("strata-pack-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [InlineData("typescript")]
    [InlineData("python")]
    public void License_OfALibrary_IsThatOfTheRepository(string language) =>
        Assert.Equal(Repository.Lines("LICENSE"), Repository.Lines($"sdk/{language}/LICENSE"));

    /// <summary>Packages come from whichever registry or mirror the machine uses.</summary>
    [Fact]
    public async Task Sources_NameNoPackageRegistry()
    {
        string[] hosts = [Host("registry", "npmjs", "org"), Host("pypi", "org"), Host("files", "pythonhosted", "org"),
            Host("nuget", "org")];
        var found = (await TrackedAsync()).Where(file => File.Exists(Path.Combine(Repository.Root, file)))
            .Where(file =>
                hosts.Any(host => File.ReadAllText(Path.Combine(Repository.Root, file)).Contains(host, StringComparison.Ordinal)));
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("0.2.0", "0.2.0")]
    [InlineData("0.2.0-rc.1", "0.2.0rc1")]
    [InlineData("0.2.1-dev.0.5", "0.2.1.dev5")]
    [InlineData("0.2.0-rc.1.3", "0.2.0.dev0+rc.1.3")]
    public async Task PythonVersion_OfAVersion_IsOneThatPipKnows(string version, string expected) =>
        Assert.Equal(expected, await CallAsync($"python_version {version}"));

    [Theory]
    [InlineData("https://me:secret@git.example.com/acme/strata.git", "https://git.example.com/acme/strata.git")]
    [InlineData("https://git.example.com/acme/strata.git?token=secret", "")]
    [InlineData("git@git.example.com:acme/strata.git", "https://git.example.com/acme/strata.git")]
    [InlineData("ssh://git@git.example.com/acme/strata.git", "https://git.example.com/acme/strata.git")]
    [InlineData("/home/me/strata", "")]
    [InlineData("file:///home/me/strata", "")]
    public async Task Repository_OfARemote_IsAnAddressForOthersWithoutSecrets(string remote, string expected) =>
        Assert.Equal(expected, await CallAsync($"cd {root}; git init --quiet; git remote add origin '{remote}'; repository"));

    [Fact]
    public async Task Wheel_OfACheckout_SaysAllAboutItself()
    {
        var checkout = Path.Combine(root, "checkout");
        foreach (var file in await TrackedAsync("scripts", "sdk/python"))
        {
            var target = Path.Combine(checkout, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(Repository.Root, file), target);
        }
        await Script.RunAsync("git", ["init", "--quiet", checkout]);
        await Script.RunAsync("git", ["-C", checkout, "remote", "add", "origin", "https://me:secret@git.example.com/acme/strata.git"]);
        var folder = await Script.RunAsync(
            Path.Combine(checkout, "scripts/pack-sdk"), ["python", "1.0.0-rc.2", Path.Combine(root, "packages")]);
        var wheel = Assert.Single(Directory.GetFiles(folder.Trim()));
        Assert.Equal("strata_client-1.0.0rc2-py3-none-any.whl", Path.GetFileName(wheel));
        var metadata = MetadataOf(wheel);
        Assert.DoesNotContain("secret", metadata, StringComparison.Ordinal);
        foreach (var line in (string[])["License: Apache-2.0", "Requires-Python: >=3.11", "Classifier: Typing :: Typed", "Keywords: strata",
            "Project-URL: Repository, https://git.example.com/acme/strata.git", "Requires-Dist: grpcio", "# Strata for Python"])
            Assert.Contains(line, metadata, StringComparison.Ordinal);
    }

    /// <summary>What a function of the script writes.</summary>
    private static async Task<string> CallAsync(string command) => (await Script.RunAsync(
        "bash", ["-c", $"source '{Path.Combine(Repository.Root, "scripts/pack-sdk")}'; {command}"])).Trim();

    private static string MetadataOf(string wheel)
    {
        using var archive = ZipFile.OpenRead(wheel);
        Assert.Contains(archive.Entries, e => e.FullName == "strata/py.typed");
        Assert.Contains(archive.Entries, e => e.Name == "LICENSE");
        using var reader = new StreamReader(archive.Entries.Single(e => e.Name == "METADATA").Open());
        return reader.ReadToEnd();
    }

    private static string Host(params string[] labels) => string.Join('.', labels);

    /// <summary>Files that git knows, and new ones that it does not ignore.</summary>
    private static async Task<string[]> TrackedAsync(params string[] folders) =>
        (await Script.RunAsync("git", ["ls-files", "--cached", "--others", "--exclude-standard", .. folders], Repository.Root))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
