using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
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
        cache.Collect(() => new HashSet<string> { used });
        Assert.Equal([used, recent], Directory.GetDirectories(paths.Layers).Order().Reverse());
        Assert.False(Directory.Exists(oldest) || Directory.Exists(old));
        cache.Collect(() => new HashSet<string>());
        Assert.Equal([recent, used], Directory.GetDirectories(paths.Layers).Order()); // within the bound
    }

    [Fact]
    public void Collect_WhatACrashLeft_GoesAtOnceWhereItWasBeingDeleted_AndLaterWhereItWasUnpacked()
    {
        using var client = new StrataClient(new Uri("http://127.0.0.1:9"), "none");
        var paths = new NodePaths(home);
        Layer(paths, "removed-1", minutesAgo: 0);
        Layer(paths, "unfinished-old", minutesAgo: 400);
        var unfinished = Layer(paths, "unfinished-new", minutesAgo: 300);
        new LayerCache(paths, client, TimeProvider.System, bytesMax: 0).Collect(() => new HashSet<string>());
        Assert.Equal([unfinished], Directory.GetDirectories(paths.Layers));
    }

    [Fact]
    public void Collect_OfALayerThatIsTakenMeanwhile_KeepsIt()
    {
        using var client = new StrataClient(new Uri("http://127.0.0.1:9"), "none");
        var paths = new NodePaths(home);
        var cache = new LayerCache(paths, client, TimeProvider.System, bytesMax: 0);
        var first = Layer(paths, "first", minutesAgo: 300);
        var (run, touched) = (Layer(paths, "run", minutesAgo: 200), Layer(paths, "touched", minutesAgo: 100));
        var runs = new HashSet<string>();
        cache.Collect(() =>
        {
            var now = runs.ToHashSet(); // of the first layer; the others are taken after it
            runs.Add(run);
            cache.Touch(touched);
            return now;
        });
        Assert.False(Directory.Exists(first));
        Assert.Equal([run, touched], Directory.GetDirectories(paths.Layers).Order());
    }

    [Fact]
    public async Task Collect_DuringADownloadThatTakesLong_LeavesItAlone()
    {
        var image = TestImage.Of(("file", "content"));
        var (asked, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var server = builder.Build();
        server.MapGet("/api/v1/blobs/{digest}", async (string digest, HttpContext http) =>
        {
            var content = image.Blobs[digest];
            if (digest != image.Digest)
            {
                await http.Response.Body.WriteAsync(content.AsMemory(0, 10), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                asked.SetResult();
                await goOn.Task;
                content = content[10..];
            }
            await http.Response.Body.WriteAsync(content, http.RequestAborted);
        });
        await server.StartAsync(Stop);
        using var client = new StrataClient(new Uri(server.Urls.First()), "none");
        var paths = new NodePaths(home);
        var time = new Clock();
        var cache = new LayerCache(paths, client, time, bytesMax: 0);
        var getting = cache.GetAsync(image.Digest, "org", Stop);
        await asked.Task.WaitAsync(Stop);
        await UntilAsync(() => Directory.GetDirectories(paths.Layers).Length == 1);
        time.Ahead = TimeSpan.FromHours(7);
        cache.Collect(() => new HashSet<string>());
        Assert.Single(Directory.GetDirectories(paths.Layers));
        goOn.SetResult();
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine((await getting).Value.Folder, "file"), Stop));
        await server.StopAsync(Stop);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(20, Stop);
    }

    private static string Layer(NodePaths paths, string name, int minutesAgo)
    {
        var folder = Directory.CreateDirectory(Path.Combine(paths.Layers, name, "sub")).Parent!.FullName;
        File.WriteAllBytes(Path.Combine(folder, "sub", "file"), new byte[1_000]);
        Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-minutesAgo));
        return folder;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }
}
