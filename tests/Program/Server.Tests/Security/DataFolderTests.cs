using System.Text;
using Strata.Server.Options;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>Nobody else on the machine reads what a cloud keeps in its folder.</summary>
public sealed class DataFolderTests(SecurityClouds clouds)
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;

    /// <summary>Beginnings of the secrets that are kept in plain text: tokens of all sorts.</summary>
    private static readonly byte[][] Secrets = [.. ((string[])["stk_", "*:*:*:strata:"]).Select(Encoding.ASCII.GetBytes)];

    [Theory]
    [InlineData("default")]
    [InlineData("inline")]
    public async Task Secrets_AfterADeploy_AreTheirOwnersOnly(string edge)
    {
        var cloud = await clouds.InModeAsync(edge);
        using var app = AppFolder.Saying("hello");
        (await cloud.RunAsAsync(cloud.A.Developer, "deploy", app.Path, "--name", "data-folder")).ShouldSucceed();
        var home = new HomeLayout(cloud.Home);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(home.Root) & Others);
        Assert.All(Directory.GetDirectories(home.Root), f => Assert.True((File.GetUnixFileMode(f) & Others) == 0, f));
        string[] known = [home.KeyFile, home.AgentTokenFile, Path.Combine(home.Root, "context.json"),
            Path.Combine(home.Postgres, "pgpass")];
        if (edge == "inline") known = [.. known, home.EdgeTokenFile];
        var secret = Files(home).Where(HoldsSecret).Concat(known).Distinct().ToList();
        Assert.All(
            secret, f =>
                Assert.True((File.GetUnixFileMode(f) & (Others | UnixFileMode.UserExecute)) == 0, $"{f}: {File.GetUnixFileMode(f)}"));
    }

    /// <summary>All but what PostgreSQL and the instances keep in folders of their own, which they close themselves.</summary>
    private static IEnumerable<string> Files(HomeLayout home) => Directory.EnumerateFiles(
        home.Root, "*",
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true })
        .Where(f => !f.StartsWith(Path.Combine(home.Postgres, "data"), StringComparison.Ordinal)
            && !f.Contains("/rootfs/", StringComparison.Ordinal));

    private static bool HoldsSecret(string path)
    {
        try
        {
            if (new FileInfo(path).Length is 0 or > 4 << 20) return false; // 0: also a pipe, which must not be opened
            var content = File.ReadAllBytes(path);
            return Secrets.Any(s => content.AsSpan().IndexOf(s) >= 0);
        }
        catch (IOException)
        {
            return false; // gone meanwhile, or a socket
        }
    }
}
