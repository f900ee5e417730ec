using System.Collections.Concurrent;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>
/// Many writers with retries over HTTP; afterwards the history is checked for snapshot isolation: each conditional write follows at once on
/// what its writer had read, so no update is lost; and what one transaction wrote is seen together or not at all, as of every transaction.
/// </summary>
public abstract class HistoryContract(IStore store) : EntityApiContract(store)
{
    private const int Counters = 3;
    private const int TriesMax = 500;

    private readonly ConcurrentBag<Write> writes = [];
    private readonly ConcurrentBag<string> pairWrites = [];

    [Theory]
    [InlineData(2, 25)]
    [InlineData(10, 8)]
    public async Task Writers_WithRetries_KeepSnapshotIsolation(int writers, int each)
    {
        var counters = await MakeAsync(Counters);
        var pair = await MakeAsync(2);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => WriteAsync(w, each, counters, pair, Seeded.Random(w))));

        Assert.Equal(writers * each, writes.Count + pairWrites.Count);
        foreach (var counter in counters) await CheckCounterAsync(counter);
        await CheckPairAsync(pair);
    }

    private async Task<string[]> MakeAsync(int count)
    {
        var made = await Http.SendJsonAsync("POST", Items, Array(Enumerable.Repeat("""{"name":"start","n":0}""", count)));
        return [.. made.Body[0].GetProperty("entityIds").EnumerateArray().Select(id => id.GetString()!)];
    }

    private async Task WriteAsync(int writer, int count, string[] counters, string[] pair, Random random)
    {
        for (var i = 0; i < count; i++)
        {
            if (random.Next(4) == 0) await StampAsync(pair, (writer * 1000) + i + 1);
            else await IncrementAsync(counters[random.Next(counters.Length)], $"{writer}-{i}");
        }
    }

    /// <summary>Reads, and writes if nobody else has meanwhile; else again.</summary>
    private async Task IncrementAsync(string id, string name)
    {
        for (var attempt = 0; attempt < TriesMax; attempt++)
        {
            var read = await GetAsync(id);
            var (n, before) = (
                read.GetProperty("data").GetProperty("n").GetInt32(), read.GetProperty("meta").GetProperty("transactionId").GetString()!);
            var answer = await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", $$"""{"name":"{{name}}","n":{{n + 1}}}""", headers: ("If-Match", before));
            if (answer.Status is 412 or 409) continue;
            Assert.True(answer.Status == 200, answer.Body.ToString());
            writes.Add(new Write(id, before, answer.Body.GetProperty("transactionId").GetString()!, n + 1));
            return;
        }
        Assert.Fail($"{name} got no turn.");
    }

    /// <summary>Writes the same number to both, in one transaction.</summary>
    private async Task StampAsync(string[] pair, int stamp)
    {
        var body = Array(pair.Select(id => $$"""{"id":"{{id}}","payload":{{Quoted($$"""{"name":"stamp","n":{{stamp}}}""")}}}"""));
        for (var attempt = 0; attempt < TriesMax; attempt++)
        {
            var answer = await Http.SendJsonAsync("PUT", "/api/entity/JSON", body);
            if (answer.Status == 409) continue;
            Assert.True(answer.Status == 200, answer.Body.ToString());
            pairWrites.Add(answer.Body[0].GetProperty("transactionId").GetString()!);
            return;
        }
        Assert.Fail($"{stamp} got no turn.");
    }

    private async Task CheckCounterAsync(string id)
    {
        var chain = await TransactionsAsync(id);
        var own = writes.Where(w => w.Entity == id).ToDictionary(w => w.Transaction);
        Assert.Equal(own.Count + 1, chain.Count); // no more and no fewer than were acknowledged, and the creation
        for (var i = 1; i < chain.Count; i++)
        {
            Assert.Equal(chain[i - 1], own[chain[i]].ReadTransaction);
            Assert.Equal(i, own[chain[i]].Value);
            Assert.Equal(i, (await GetAsync(id, $"?transactionId={chain[i]}")).GetProperty("data").GetProperty("n").GetInt32());
        }
        Assert.Equal(own.Count, (await GetAsync(id)).GetProperty("data").GetProperty("n").GetInt32());
    }

    private async Task CheckPairAsync(string[] pair)
    {
        var chain = await TransactionsAsync(pair[0]);
        Assert.Equal(chain, await TransactionsAsync(pair[1]));
        Assert.Equal(chain.Skip(1).Order(StringComparer.Ordinal), pairWrites.Order(StringComparer.Ordinal));
        foreach (var transaction in writes.Select(w => w.Transaction).Concat(chain))
        {
            var (a, b) = (
                await GetAsync(pair[0], $"?transactionId={transaction}"), await GetAsync(pair[1], $"?transactionId={transaction}"));
            Assert.Equal(a.GetProperty("data").GetRawText(), b.GetProperty("data").GetRawText());
            Assert.Equal(Meta(a, "transactionId"), Meta(b, "transactionId"));
        }
    }

    /// <summary>Oldest first.</summary>
    private async Task<List<string>> TransactionsAsync(string id)
    {
        var changes = await Http.SendJsonAsync("GET", $"/api/entity/{id}/changes");
        return [.. changes.Body.EnumerateArray().Select(c => c.GetProperty("transactionId").GetString()!).Reverse()];
    }

    private static string? Meta(JsonElement entity, string name) => entity.GetProperty("meta").GetProperty(name).GetString();

    private sealed record Write(string Entity, string ReadTransaction, string Transaction, int Value);
}

public sealed class MemoryHistoryTests() : HistoryContract(new MemoryStore());

public sealed class PostgresHistoryTests(TestServer server) : HistoryContract(PostgresDatabase.Reused(server));
