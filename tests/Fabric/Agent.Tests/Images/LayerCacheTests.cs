using Strata.Agent.Images;
using Strata.Client;
using Strata.Runtimes;

namespace Strata.Agent.Tests.Images;

public sealed class LayerCacheTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("strata-test-").FullName;

    public void Dispose() => Folder.Delete(home);

    [Fact]
    public void Collect_BeyondTheBound_RemovesTheUnusedOnesUsedLongestAgo()
    {
        using var client = new StrataClient(new Uri("http://127.0.0.1:9"), "none");
        var paths = new NodePaths(home);
        var cache = new LayerCache(paths, client, TimeProvider.System, bytesMax: 2_500);
        var used = Layer(paths, "used", minutesAgo: 300);
        var oldest = Layer(paths, "oldest", minutesAgo: 200);
        var old = Layer(paths, "old", minutesAgo: 100);
        var recent = Layer(paths, "recent", minutesAgo: 1);
        cache.Collect(new HashSet<string> { used });
        Assert.Equal([used, recent], Directory.GetDirectories(paths.Layers).Order().Reverse());
        Assert.False(Directory.Exists(oldest) || Directory.Exists(old));
        cache.Collect(new HashSet<string>());
        Assert.Equal([recent, used], Directory.GetDirectories(paths.Layers).Order()); // within the bound
    }

    private static string Layer(NodePaths paths, string name, int minutesAgo)
    {
        var folder = Directory.CreateDirectory(Path.Combine(paths.Layers, name, "sub")).Parent!.FullName;
        File.WriteAllBytes(Path.Combine(folder, "sub", "file"), new byte[1_000]);
        Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-minutesAgo));
        return folder;
    }
}
