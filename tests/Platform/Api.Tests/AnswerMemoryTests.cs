using Microsoft.AspNetCore.Http;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Tests;

public sealed class AnswerMemoryTests
{
    private static readonly TenantId Tenant = TenantId.New(TimeProvider.System);

    // half of it for one organization
    private readonly AnswerMemory memory = new(new ApiLimits { MemoryBytesMax = 32 << 20 }, TimeProvider.System);

    [Fact]
    public async Task EnterAsync_ReadersHoldFullPages_TheNextWaitsUntilOneIsDone()
    {
        var stop = TestContext.Current.CancellationToken;
        var leases = new List<IDisposable>();
        var first = await memory.EnterAsync(Tenant, stop);
        for (var i = 0; i < 3; i++) leases.Add(await memory.EnterAsync(Tenant, stop));
        Assert.Equal(4 * PageSize.BytesDefault, memory.Used);
        var waiting = memory.EnterAsync(Tenant, stop).AsTask();
        Assert.False(waiting.IsCompleted);
        AnswerMemory.Charge(first, [Document(10)]);
        Assert.False(waiting.IsCompleted); // what it holds still counts a little
        first.Dispose();
        leases.Add(await waiting);
        leases.ForEach(l => l.Dispose());
        Assert.Equal(0, memory.Used);
    }

    [Fact]
    public async Task Charge_OfASmallAndALargePage_HoldsWhatThePageTakes()
    {
        using var lease = await memory.EnterAsync(Tenant, TestContext.Current.CancellationToken);
        AnswerMemory.Charge(lease, [Document(10)]);
        Assert.Equal(64 << 10, memory.Used);
        var large = Document(5 << 20);
        AnswerMemory.Charge(lease, [large, large]);
        Assert.Equal(2L * large.Document.Utf8.Length, memory.Used);
    }

    [Fact]
    public void Hold_OfLargeDocuments_IsRefusedBeyondTheShare_SmallOnesAreNotCounted()
    {
        var large = Document(6 << 20);
        var http = new DefaultHttpContext();
        Assert.Null(memory.Hold(http, Tenant, large));
        Assert.Null(memory.Hold(http, Tenant, large));
        Assert.Equal("SERVER_BUSY", memory.Hold(http, Tenant, large)?.Code);
        Assert.Null(memory.Hold(http, Tenant, Document(10)));
        Assert.Equal(2L * large.Document.Utf8.Length, memory.Used);
    }

    private static EntityRevision Document(int bytes) => new()
    {
        Tenant = Tenant,
        Id = EntityId.New(TimeProvider.System),
        Model = new ModelKey("book", 1),
        Revision = new Revision(1),
        Commit = CommitId.New(TimeProvider.System),
        State = "NEW",
        Document = JsonText.FromString($$"""{"text":"{{new string('x', bytes)}}"}"""),
        CreatedAt = DateTimeOffset.UnixEpoch,
        ChangedAt = DateTimeOffset.UnixEpoch,
        ChangedBy = "user:test",
    };
}
