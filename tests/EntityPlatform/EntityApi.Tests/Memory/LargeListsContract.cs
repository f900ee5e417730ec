using System.Net.Http.Headers;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Memory;

public sealed class MemoryLargeListsTests() : LargeListsContract(new MemoryStore());

/// <summary>Writes gigabytes.</summary>
[Trait("Duration", "Long")]
public sealed class PostgresLargeListsTests(TestServer server) : LargeListsContract(PostgresDatabase.Reused(server));

/// <summary>
/// Lists of large documents take memory by their bytes and not by their rows, however many are read at once and however slowly.
/// </summary>
public abstract class LargeListsContract(IStore store) : IAsyncLifetime
{
    private const int DocumentBytes = 5 << 20;
    private const long MemoryMax = 200L << 20;
    private static readonly ModelKey Book = new("book", 1);

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client();
        http.Timeout = TimeSpan.FromMinutes(8);
        await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"text":"x"}""");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("GET", "/api/entity/book/1?pageSize=1000")]
    [InlineData("GET", "/api/entity/book/1?limit=1000")]
    [InlineData("POST", "/api/search/direct/book/1?limit=1000")]
    [InlineData("GET", "/api/entity/feed?from=0&model=book")]
    public async Task Answer_OfLargeDocuments_ReadByFourAtOnce_StaysWithinItsMemory(string method, string path)
    {
        await FillAsync(40);
        await ReadAsync(method, path, documents: 40, readers: 4);
    }

    /// <summary>One fill for all reads, and one reader: to move five gigabytes takes minutes each time.</summary>
    [Fact, Trait("Duration", "Long")]
    public async Task Answer_OfAThousandLargeDocuments_StaysWithinItsMemory()
    {
        await FillAsync(1000);
        await ReadAsync("GET", "/api/entity/book/1?pageSize=1000", documents: 1000, readers: 1);
        await ReadAsync("GET", "/api/entity/book/1?limit=1000", documents: 1000, readers: 1);
        await ReadAsync("POST", "/api/search/direct/book/1?limit=1000", documents: 1000, readers: 1);
        await ReadAsync("GET", "/api/entity/feed?from=0&model=book", documents: 1000, readers: 1);
    }

    private async Task ReadAsync(string method, string path, int documents, int readers)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var done = new CancellationTokenSource();
        var peak = PeakAsync(done.Token);
        var read = await Task.WhenAll(Enumerable.Range(0, readers).Select(_ => CountAsync(method, path)));
        await done.CancelAsync();
        Assert.All(read, bytes => Assert.InRange(bytes, (long)documents * DocumentBytes, (long)documents * (DocumentBytes + 4096)));
        Assert.InRange(await peak - before, long.MinValue, MemoryMax);
    }

    /// <summary>All share one text, so that the store itself costs next to nothing.</summary>
    private async Task FillAsync(int documents)
    {
        var text = JsonText.FromString($$"""{"text":"{{new string('x', DocumentBytes)}}"}""");
        for (var i = 0; i < documents; i++)
        {
            var write = new EntityWrite { Id = EntityId.New(TimeProvider.System), Model = Book, Expected = Revision.None, State = "NEW",
                Document = text };
            var commit = new Commit { Tenant = host.Org, Id = CommitId.New(TimeProvider.System), By = "user:test", Writes = [write] };
            Assert.IsType<AppendOutcome.Committed>(await host.Log.AppendAsync(commit, CancellationToken.None));
        }
    }

    private async Task<long> CountAsync(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST") request.Content = new StringContent("""{"type":"group","operator":"AND","conditions":[]}""", new MediaTypeHeaderValue("application/json"));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!answer.IsSuccessStatusCode) Assert.Fail(await answer.Content.ReadAsStringAsync());
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[64 << 10];
        var sum = 0L;
        for (int read; (read = await body.ReadAsync(buffer)) > 0;) sum += read;
        return sum;
    }

    /// <summary>The most that is alive at a time, found by collecting now and then.</summary>
    private static async Task<long> PeakAsync(CancellationToken cancellationToken)
    {
        var peak = 0L;
        while (!cancellationToken.IsCancellationRequested)
        {
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true));
            await Task.Delay(100, CancellationToken.None); // a collection stops everything, so not too often
        }
        return peak;
    }
}
