using Strata.Edge.Routing;
using Strata.Edge.Sites;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Sites;

/// <summary>The unpacked sites on the disk stay within their bound.</summary>
public sealed class SiteSpaceTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string[] Names => [.. Directory.GetDirectories(folder.Path).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    [Fact]
    public void TryAdmit_WhenFull_DeletesWhatWasUsedLongestAgo()
    {
        var space = Space(250);
        Admit(space, "a")!.End(At(1));
        Admit(space, "b")!.End(At(2));
        Assert.True(space.TryBegin("a")!.TryBegin());
        var again = space.TryBegin("a")!;
        for (var i = 0; i < 3; i++) again.End(At(3));
        Admit(space, "c")!.End(At(4));
        Assert.Equal(["a", "c"], Names);
        Assert.Null(space.TryBegin("b"));
        Assert.Equal(200, space.Bytes);
    }

    [Fact]
    public void TryAdmit_WhileAllIsBeingRead_IsRefused_AndPossibleLater()
    {
        var space = Space(250);
        var (a, b) = (Admit(space, "a")!, Admit(space, "b")!);
        Assert.Null(Admit(space, "c"));
        Assert.Equal(["a", "b"], Names.Where(n => n[0] != '.'));
        b.End(At(1));
        Assert.NotNull(Admit(space, "c"));
        Assert.False(b.TryBegin());
        Assert.True(a.TryBegin());
        Assert.Equal(["a", "c"], Names.Where(n => n[0] != '.'));
    }

    [Fact]
    public void TryAdmit_OfWhatDoesNotFitAfterAll_DeletesNothing()
    {
        var space = Space(250);
        Admit(space, "a")!.End(At(1));
        var b = Admit(space, "b")!;
        Assert.Null(space.TryAdmit("c", Work("c", 200), _ => false)); // "b" is being read: "a" alone is not enough
        Assert.Equal(["a", "b"], Names.Where(n => n[0] != '.'));
        b.End(At(2));
        Assert.False(space.CanHold(Work("d", 251)));
        Assert.True(space.CanHold(Work("e", 250)));
    }

    [Fact]
    public void TryAdmit_InAdvance_SparesWhatRoutesShow()
    {
        var space = Space(250);
        Admit(space, "a")!.End(At(1));
        Admit(space, "b")!.End(At(2));
        Assert.Null(Admit(space, "c", "a", "b"));
        Admit(space, "c", "a")!.End(At(3));
        Assert.Equal(["a", "c"], Names.Where(n => n[0] != '.'));
    }

    [Fact]
    public void Space_AfterARestart_KnowsWhatIsOnTheDisk()
    {
        Admit(Space(250), "a");
        Admit(Space(250), "b");
        var space = Space(250);
        Assert.Equal(200, space.Bytes);
        Assert.NotNull(Admit(space, "c"));
        Assert.Equal(200, space.Bytes);
    }

    /// <summary>Of three sites two fit. What is asked for comes, whatever has to go for it.</summary>
    [Fact]
    public async Task Sites_MoreThanFit_AreAllServed_WithinTheBound()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        string[] images = [.. "abc".Select(c => api.PutImage(("index.html", $"site {c}"), ("large.bin", new string(c, 100_000))))];
        var routes = images.Select((image, i) => TestEdge.Route(path: $"/{i}/") with { Targets = [new TargetRecord("rel_1", 1, image)] });
        await using var edge = await TestEdge.StartAsync(
            new TableSnapshot([.. routes], []),
            o => o with { ApiUrl = api.Url, ApiToken = "edge-token", DataFolder = folder.Path,
                Sites = o.Sites with { StoredBytesMax = 250_000 } });
        using var client = edge.CreateClient();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < images.Length; i++) Assert.Equal($"site {"abc"[i]}", await client.GetStringAsync($"/{i}/"));
        }
        await Wait.UntilAsync(() => Directory.GetDirectories(Path.Combine(folder.Path, "sites")).Length == 2, "two sites are on the disk");
    }

    private static DateTimeOffset At(int minute) => new(2100, 1, 1, 0, minute, 0, TimeSpan.Zero);

    private SiteSpace Space(long bytesMax) => new(folder.Path, bytesMax, TimeProvider.System);

    /// <summary>A site of 100 bytes, in use.</summary>
    private SiteUse? Admit(SiteSpace space, string name, params string[] spared) => space.TryAdmit(name, Work(name, 100), spared.Contains);

    private string Work(string name, int bytes)
    {
        var work = Directory.CreateDirectory(Path.Combine(folder.Path, ".work-" + name)).FullName;
        File.WriteAllText(Path.Combine(work, SiteStore.IndexName), new string(' ', bytes));
        return work;
    }
}
