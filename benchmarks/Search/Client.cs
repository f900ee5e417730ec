using System.Diagnostics;
using System.Text;
using Strata.Entity.Benchmarks;

namespace Strata.Search.Benchmarks;

/// <summary>Searches over HTTP, whose answers are counted and thrown away.</summary>
internal sealed class Client(Cloud cloud)
{
    public static string Equal(string path, string json) => $$"""{"type":"simple","jsonPath":"{{path}}","operatorType":"EQUALS","value":{{json}}}""";

    /// <summary>How many lines came.</summary>
    public async Task<int> DirectAsync(string condition, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            "/api/search/direct/order/1" + query) { Content = new StringContent(condition, Encoding.UTF8, "application/json") };
        using var answer = await cloud.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        return await CountAsync(answer, "\n"u8.ToArray()[0]);
    }

    /// <summary>
    /// All results of an asynchronous search in pages of 10,000, and the most memory that the process took above what it had.
    /// </summary>
    public async Task<(int Entities, TimeSpan Search, TimeSpan Pages, long Bytes)> AsyncAsync(string condition)
    {
        var watch = Stopwatch.StartNew();
        var job = (await cloud.SendAsync("POST", "/api/search/async/order/1", condition)).GetString();
        while ((await cloud.SendAsync("GET", $"/api/search/async/{job}/status", null)).GetProperty("searchJobStatus")
            .GetString() == "RUNNING") await Task.Delay(20);
        var total = (await cloud.SendAsync("GET", $"/api/search/async/{job}/status", null)).GetProperty("entitiesCount").GetInt32();
        var searched = watch.Elapsed;
        GC.Collect();
        var (before, most) = (GC.GetTotalMemory(forceFullCollection: true), 0L);
        for (var page = 0; page * 10_000 < total; page++)
        {
            using var answer = await cloud.Http.GetAsync(
                $"/api/search/async/{job}?pageSize=10000&pageNumber={page}", HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            await CountAsync(answer, 0, () => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false) - before));
        }
        return (total, searched, watch.Elapsed - searched, most);
    }

    private static async Task<int> CountAsync(HttpResponseMessage answer, byte counted, Action? onRead = null)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];
        var count = 0;
        while (await body.ReadAsync(buffer) is > 0 and var read)
        {
            count += buffer.AsSpan(0, read).Count(counted);
            onRead?.Invoke();
        }
        return count;
    }
}
