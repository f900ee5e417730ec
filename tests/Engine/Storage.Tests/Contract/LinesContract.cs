using System.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Tests.Contract;

/// <summary>What every keeper of log lines must do.</summary>
public abstract class LinesContract(IStore store)
{
    private readonly TenantId tenant = Given.Tenant();
    private readonly EntityId stream = Given.Entity();

    private ILines Lines => store.Lines;

    [Fact]
    public async Task Append_ThenRead_GivesTheChunksBehindAPosition()
    {
        for (var i = 1; i <= 5; i++) Assert.Equal(i, await AppendAsync($"line {i}\n"));
        var page = await ReadAsync(1, 3);
        Assert.Equal([2, 3, 4], page.Select(c => c.Position));
        Assert.Equal(["line 2\n", "line 3\n", "line 4\n"], page.Select(c => Encoding.UTF8.GetString(c.Lines.Span)));
        Assert.Equal(page.Select(c => c.At).Order(), page.Select(c => c.At));
        Assert.Empty(await ReadAsync(5, 3));
    }

    [Fact]
    public async Task Append_PastTheBound_DropsTheOldest()
    {
        var chunk = new string('x', ILines.ChunkBytesMax);
        var fitting = ILines.BytesPerStreamMax / ILines.ChunkBytesMax;
        for (var i = 0; i < fitting; i++) await AppendAsync(chunk);
        Assert.Equal(1, (await ReadAsync(0, 1))[0].Position);
        await AppendAsync("one more");
        Assert.Equal(2, (await ReadAsync(0, 1))[0].Position);
        var kept = new List<LineChunk>();
        for (IReadOnlyList<LineChunk> page; (
            page = await ReadAsync(kept.Count == 0 ? 0 : kept[^1].Position, 1000)).Count > 0; kept.AddRange(page))
            Assert.InRange(page.Sum(c => c.Lines.Length), 0, ILines.PageBytesMax + ILines.ChunkBytesMax);
        Assert.Equal(fitting, kept.Count);
    }

    [Fact]
    public async Task OnAppend_AfterAnAppend_CallsBackUntilDisposed()
    {
        var heard = new System.Collections.Concurrent.ConcurrentQueue<LinesAppended>();
        var broken = Lines.OnAppend(_ => throw new InvalidOperationException("a follower's fault"));
        var subscription = Lines.OnAppend(heard.Enqueue);
        await AppendAsync("one");
        await AppendAsync("two");
        await Poll.UntilAsync(
            () => heard.Contains(new LinesAppended(tenant, stream, 1)) && heard.Contains(new LinesAppended(tenant, stream, 2)));
        subscription.Dispose();
        broken.Dispose();
        await AppendAsync("three");
        Assert.DoesNotContain(heard, h => h.Stream == stream && h.Position == 3);
    }

    [Fact]
    public async Task Append_AChunkTooLarge_IsRefused()
    {
        var fault = await Assert.ThrowsAsync<StrataException>(() => AppendAsync(new string('x', ILines.ChunkBytesMax + 1)));
        Assert.Equal("TOO_LARGE", fault.Error.Code);
    }

    [Fact]
    public async Task Append_ByManyAtOnce_NumbersThemWithoutGaps()
    {
        var positions = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => AppendAsync($"{i}\n"))));
        Assert.Equal(Enumerable.Range(1, 50).Select(i => (long)i), positions.Order());
    }

    [Fact]
    public async Task Delete_AStream_LeavesTheOthers()
    {
        var other = Given.Entity();
        await AppendAsync("mine");
        await Lines.AppendAsync(tenant, other, "other"u8.ToArray(), CancellationToken.None);
        await Lines.DeleteAsync(tenant, stream, CancellationToken.None);
        Assert.Empty(await ReadAsync(0, 10));
        Assert.Single(await Lines.ReadAsync(tenant, other, 0, 10, CancellationToken.None));
    }

    private async Task<long> AppendAsync(string text) =>
        await Lines.AppendAsync(tenant, stream, Encoding.UTF8.GetBytes(text), CancellationToken.None);

    private async Task<IReadOnlyList<LineChunk>> ReadAsync(long after, int limit) =>
        await Lines.ReadAsync(tenant, stream, after, limit, CancellationToken.None);
}
