using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>Deleting the entities of a model: all, by condition, as of a time, in transactions, with a key.</summary>
public abstract class DeleteContract(IStore store) : EntityApiContract(store)
{
    private const string High = """{"type":"simple","jsonPath":"$.n","operatorType":"GREATER_THAN","value":20}""";

    [Fact]
    public async Task Delete_ByCondition_InTransactions_TellsIdsWhenVerbose()
    {
        await FillAsync(25);
        var quiet = await Http.SendJsonAsync("DELETE", "/api/entity/item/1?transactionSize=2", High);
        Assert.Equal((5, 5, 0), Counts(quiet));
        var verbose = await Http.SendJsonAsync("DELETE", "/api/entity/item/1?transactionSize=7&verbose=true");
        Assert.Equal((20, 20, 20), Counts(verbose));
        Assert.Equal((0, 0, 0), Counts(await Http.SendJsonAsync("DELETE", "/api/entity/item/1?verbose=true")));
        Assert.Equal(0, await CountAsync());
        Assert.True(Guid.TryParse(quiet.Text("entityModelClassId"), out _));
    }

    [Fact]
    public async Task List_OfManyPages_GivesEachOnce()
    {
        await FillAsync(130);
        var all = (await Http.SendJsonAsync("GET", "/api/entity/item/1?pageSize=1000")).Body.EnumerateArray().Select(Number).ToList();
        Assert.Equal(Enumerable.Range(1, 130), all.Order());
        var pages = new List<int>();
        for (var page = 0; page < 5; page++)
            pages.AddRange((await Http.SendJsonAsync("GET", $"/api/entity/item/1?pageSize=30&pageNumber={page}")).Body.EnumerateArray()
                .Select(Number));
        Assert.Equal(all, pages);
        Assert.Equal(0, (await Http.SendJsonAsync("GET", "/api/entity/item/1?pageSize=10&pageNumber=13")).Body.GetArrayLength());

        static int Number(System.Text.Json.JsonElement entity) => entity.GetProperty("data").GetProperty("n").GetInt32();
    }

    [Fact]
    public async Task Delete_AsOfATime_LeavesWhatCameLater()
    {
        await FillAsync(3);
        var then = (await Http.SendJsonAsync("GET", "/api/entity/item/1")).Body.EnumerateArray()
            .Max(e => e.GetProperty("meta").GetProperty("creationDate").GetString());
        var (late, _) = await CreateAsync();
        Assert.Equal((3, 3, 0), Counts(await Http.SendJsonAsync("DELETE", $"/api/entity/item/1?pointInTime={then}")));
        Assert.Equal(late, (await GetAsync(late)).GetProperty("meta").GetProperty("id").GetString());
        Assert.Equal((0, 0, 0), Counts(await Http.SendJsonAsync("DELETE", "/api/entity/item/1?pointInTime=2001-01-01T00:00:00Z")));
        Assert.Equal((1, 1, 0), Counts(await Http.SendJsonAsync("DELETE", "/api/entity/item/1?pointInTime=2999-01-01T00:00:00Z")));
    }

    [Fact]
    public async Task Delete_WithAKey_SentAgain_SparesWhatCameMeanwhile()
    {
        await FillAsync(5);
        var first = await Http.SendJsonAsync(
            "DELETE", "/api/entity/item/1?transactionSize=2&verbose=true", headers: ("Idempotency-Key", "k"));
        await FillAsync(4);
        var again = await Http.SendJsonAsync(
            "DELETE", "/api/entity/item/1?transactionSize=2&verbose=true", headers: ("Idempotency-Key", "k"));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        Assert.Equal(4, await CountAsync());
    }

    [Fact]
    public async Task Delete_BadRequests_ChangeNothing()
    {
        await FillAsync(2);
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("DELETE", "/api/entity/none/1")));
        Assert.Equal(400, (await Http.SendJsonAsync("DELETE", "/api/entity/item/1?transactionSize=0")).Status);
        Assert.Equal((400, "INVALID_CONDITION"), Refusal(await Http.SendJsonAsync("DELETE", "/api/entity/item/1", """{"type":"nonsense"}""")));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Delete_WhileOthersWrite_EndsAndRemovesWhatWas()
    {
        await FillAsync(200);
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await CreateAsync();
        });
        var deleted = await Http.SendJsonAsync("DELETE", "/api/entity/item/1?transactionSize=10");
        await stop.CancelAsync();
        await writer;
        var (matched, removed, _) = Counts(deleted);
        Assert.Equal(matched, removed);
        Assert.True(removed >= 200);
        Assert.Equal(
            0, (await Http.SendJsonAsync("GET", "/api/entity/item/1?pageSize=10000")).Body.EnumerateArray()
                .Count(e => e.GetProperty("data").GetProperty("n").GetInt32() > 1));
    }

    private async Task FillAsync(int count) =>
        Assert.Equal(200, (await Http.SendJsonAsync("POST", Items, Array(Enumerable.Range(1, count).Select(i => $$"""{"name":"a","n":{{i}}}""")))).Status);

    private static (int Matched, int Removed, int Ids) Counts(JsonAnswered answer)
    {
        Assert.True(answer.Status == 200, answer.Body.ToString());
        var result = answer.Body.GetProperty("deleteResult");
        Assert.Empty(result.GetProperty("idToError").EnumerateObject());
        return (result.GetProperty("numberOfEntitites").GetInt32(), result.GetProperty("numberOfEntititesRemoved").GetInt32(),
            answer.Body.GetProperty("ids").GetArrayLength());
    }
}
