using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

public abstract partial class LogContract
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Scan_PastItsBytes_EndsThePageAndGoesOn(bool latest, bool descending)
    {
        var tenant = Tenant();
        var ids = Enumerable.Range(0, 7).Select(_ => Entity()).OrderBy(i => i.Value).ToList();
        if (descending) ids.Reverse();
        var commit = await Log.CommitAsync(tenant, [.. ids.Select(id => Create(id, Large(1000)))]);
        var scan = new Scan { Tenant = tenant, Model = Order, AsOf = latest ? AsOf.Latest : AsOf.At(commit.Revision), BytesMax = 2500,
            Limit = 100, Descending = descending };
        var (read, pages) = (new List<EntityId>(), 0);
        for (var isLast = false; !isLast; pages++)
        {
            var page = await Log.ScanAsync(scan, CancellationToken.None);
            Assert.InRange(page.Count, page.IsLast ? 0 : 1, 3);
            read.AddRange(page.Select(r => r.Id));
            isLast = page.IsLast;
            if (!isLast) scan = scan with { After = new ScanPosition(tenant, page[^1].Id) };
        }
        Assert.Equal(ids, read);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task Scan_DocumentLargerThanAPage_IsReturnedAlone()
    {
        var tenant = Tenant();
        await Log.CommitAsync(tenant, Create(Entity(), Large(5000)), Create(Entity(), Large(5000)));
        var page = await Log.ScanAsync(new Scan { Tenant = tenant, Model = Order, BytesMax = 1 }, CancellationToken.None);
        Assert.Single(page);
        Assert.False(page.IsLast);
    }

    [Fact]
    public async Task Scan_LargeDocuments_EndsThePageWithoutBeingAsked()
    {
        var tenant = Tenant();
        for (var i = 0; i < 8; i++) await Log.CommitAsync(tenant, Create(Entity(), Large(1 << 20)));
        var page = await Log.ScanAsync(new Scan { Tenant = tenant, Model = Order }, CancellationToken.None);
        Assert.InRange(page.Sum(r => (long)r.Document.Utf8.Length), 1, PageSize.BytesDefault + (2 << 20));
        Assert.False(page.IsLast);
    }

    [Fact]
    public async Task History_PastItsBytes_EndsThePageAndGoesOn()
    {
        var (tenant, id) = (Tenant(), Entity());
        var head = (await Log.CommitAsync(tenant, Create(id, Large(1000)))).Revision;
        for (var i = 0; i < 6; i++) head = (await Log.CommitAsync(tenant, Update(id, head, Large(1000)))).Revision;
        var read = new List<Revision>();
        for (RevisionPage? page = null; page is not { IsLast: true };)
        {
            page = await Log.HistoryAsync(tenant, id, page?[^1].Revision, new PageSize(100, 2500), CancellationToken.None);
            Assert.InRange(page.Count, 1, 3);
            read.AddRange(page.Select(r => r.Revision));
        }
        Assert.Equal(Enumerable.Range(1, 7).Reverse().Select(r => new Revision(r)), read);
        Assert.True((await Log.TrailAsync(tenant, id, null, new PageSize(100, 2500), CancellationToken.None)).IsLast);
    }
}
