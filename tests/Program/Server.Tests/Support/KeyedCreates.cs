using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Strata.Core;

namespace Strata.Server.Tests.Support;

/// <summary>
/// Clients that create entities with an Idempotency-Key each, at one of several servers, and send a request again, with its key, to any of
/// them until one acknowledges it. Each entity's number is its key's, so one that was created twice shows in the list.
/// </summary>
public sealed class KeyedCreates : IAsyncDisposable
{
    private const int Clients = 6;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly Cloud[] clouds;
    private readonly CancellationTokenSource stop = new();
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<string, int> failures = new();
    private readonly ConcurrentDictionary<int, Guid> acknowledged = new();
    private readonly ConcurrentBag<string> wrong = [];
    private Task all = Task.CompletedTask;
    private int number;
    private int resent;

    private KeyedCreates(string token, Cloud[] clouds)
    {
        this.clouds = clouds;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Ids by number.</summary>
    public IReadOnlyDictionary<int, Guid> Acknowledged => acknowledged;

    /// <summary>Answers that no client may get, as sentences.</summary>
    public IReadOnlyCollection<string> Wrong => wrong;

    /// <summary>How many were acknowledged when they were sent again.</summary>
    public int Resent => resent;

    public static async Task<KeyedCreates> StartAsync(string token, params Cloud[] clouds)
    {
        using (await clouds[0].Client.SendAsync(HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/keyed/1", JsonText.FromString("""{"number":1}"""))) { }
        await clouds[0].Client.SendBytesAsync(HttpMethod.Put, "/api/model/keyed/1/lock");
        var creates = new KeyedCreates(token, clouds);
        creates.all = Task.WhenAll(
            Enumerable.Range(0, Clients).Select(client => Task.Run(() => CreateAsync(creates, Seeded.Random(client)))));
        return creates;
    }

    public Task SomeMoreAsync(int count)
    {
        var before = acknowledged.Count;
        return Wait.UntilAsync(
            () => acknowledged.Count >= before + count, $"{count} more are acknowledged; refused: {string.Join(", ", failures)}", 180);
    }

    /// <summary>Lets each client finish the request that it is sending, so that afterwards all that were sent are acknowledged.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await all.WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>The numbers and ids of all entities that are there.</summary>
    public async Task<IReadOnlyList<(int Number, Guid Id)>> ListAsync(Cloud cloud)
    {
        var found = new List<(int, Guid)>();
        for (string? cursor = null; ;)
        {
            var page = await http.GetFromJsonAsync<JsonElement>(
                new Uri(cloud.ApiUrl, $"/api/entity/keyed/1?limit=1000{(cursor is null ? "" : $"&cursor={cursor}")}"));
            foreach (var item in page.GetProperty("items").EnumerateArray())
                found.Add(
                    (item.GetProperty("data").GetProperty("number").GetInt32(), item.GetProperty("meta").GetProperty("id").GetGuid()));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            if (cursor is null) return found;
        }
    }

    public async Task<int> StatusOfAsync(Cloud cloud, Guid id)
    {
        using var answer = await http.GetAsync(new Uri(cloud.ApiUrl, $"/api/entity/{id}"));
        return (int)answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        http.Dispose();
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private static async Task CreateAsync(KeyedCreates creates, Random random)
    {
        while (!creates.stop.IsCancellationRequested) await creates.CreateOneAsync(random);
    }

    private async Task CreateOneAsync(Random random)
    {
        var mine = Interlocked.Increment(ref number);
        var key = $"key-{Guid.CreateVersion7():N}";
        for (var tries = 1; ; tries++)
        {
            if (await TrySendAsync(clouds[random.Next(clouds.Length)], key, mine) is { } id)
            {
                acknowledged[mine] = id;
                if (tries > 1) Interlocked.Increment(ref resent);
                // Once more after its acknowledgement: the answer must be the same.
                if (random.Next(10) == 0 && await TrySendAsync(clouds[random.Next(clouds.Length)], key, mine) is { } again && again != id)
                    wrong.Add($"{key} was acknowledged as {id} and then as {again}");
                return;
            }
            await Task.Delay(Pause);
        }
    }

    /// <returns>Null where it is to be sent again.</returns>
    private async Task<Guid?> TrySendAsync(Cloud cloud, string key, int number)
    {
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(cloud.ApiUrl, "/api/entity/JSON/keyed/1")) { Content = JsonContent.Create(new { number }) };
            request.Headers.Add("Idempotency-Key", key);
            using var answer = await http.SendAsync(request);
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
            if (answer.IsSuccessStatusCode) return body[0].GetProperty("entityIds")[0].GetGuid();
            var code = body.GetProperty("properties").GetProperty("errorCode").GetString()!;
            failures.AddOrUpdate(code, 1, (_, count) => count + 1);
            if ((int)answer.StatusCode is not 503 && code != "ALREADY_COMMITTED") wrong.Add($"{key}: {(int)answer.StatusCode} {body}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or TaskCanceledException)
        {
            failures.AddOrUpdate(e.GetType().Name, 1, (_, count) => count + 1);
        }
        return null;
    }
}
