using System.Globalization;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Commands;

/// <summary>What each command asks of the API, and what it makes of the answer.</summary>
public sealed class EntityCommandsTests : IAsyncLifetime
{
    private const string Id = "01a20607-2009-78a2-9598-b54ffc2e43ac";
    private const string Transaction = "fdce7be0-e3a8-8082-8824-9bc13f450f33";

    private readonly TempFolder home = new();
    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly StringWriter error = new() { NewLine = "\n" };
    private FakeApi api = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
    }

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        home.Dispose();
    }

    [Theory]
    [InlineData("POST /api/model/import/JSON/SAMPLE_DATA/order/1 {\"a\":1}", "model", "import", "order", "{\"a\":1}")]
    [InlineData("POST /api/model/import/XML/SAMPLE_DATA/order/2 <o/>", "model", "import", "order.2", "<o/>", "--xml")]
    [InlineData("POST /api/model/import/JSON/JSON_SCHEMA/order/3 {}", "model", "import", "order/3", "{}", "--from", "schema")]
    [InlineData("GET /api/model/", "model", "list")]
    [InlineData("GET /api/model/export/JSON_SCHEMA/a.b/1", "model", "get", "a.b", "--schema")]
    [InlineData("PUT /api/model/order/1/lock", "model", "lock", "order")]
    [InlineData("POST /api/model/order/1/changeLevel/ARRAY_LENGTH", "model", "level", "order", "array-length")]
    [InlineData("PUT /api/model/order/1/unique-keys {\"uniqueKeys\":[{\"id\":\"n\",\"fields\":[\"$.a\",\"$.b\"]}]}", "model", "keys",
        "order", "n=a,$.b")]
    [InlineData("PUT /api/model/order/1/unique-keys {\"uniqueKeys\":[]}", "model", "keys", "order", "--none")]
    [InlineData("GET /api/model/order/1/indexes", "model", "indexes", "order")]
    [InlineData("PUT /api/model/order/1/indexes {\"paths\":[\"$.a\",\"$.b.c\"]}", "model", "indexes", "order", "a", "$.b.c")]
    [InlineData("PUT /api/model/order/1/indexes {\"paths\":[]}", "model", "indexes", "order", "--none")]
    [InlineData("POST /api/model/order/1/explain {\"type\":\"simple\",\"jsonPath\":\"$.a\",\"operatorType\":\"IS_NULL\"}", "model",
        "explain", "order", "--where", "a is null")]
    [InlineData($"GET /api/entity/{Id}/why", "entity", "why", Id)]
    [InlineData("POST /api/model/order/1/migrate {\"to\":2,\"dryRun\":true,\"rules\":[{\"drop\":\"$.a\"}]}", "model", "migrate", "order",
        "2", "--rules", "[{\"drop\":\"$.a\"}]", "--dry-run")]
    [InlineData("GET /api/model/order/1/retention", "model", "retention", "order")]
    [InlineData("PUT /api/model/order/1/retention {\"keepSupersededDays\":30}", "model", "retention", "order", "--keep-days", "30")]
    [InlineData("DELETE /api/model/order/1/retention", "model", "retention", "order", "--none")]
    [InlineData("DELETE /api/model/order/1", "model", "delete", "order", "-y")]
    [InlineData(
        "POST /api/model/order/1/workflow/import {\"workflows\":[{ \"name\" : \"w\" }],\"importMode\":\"REPLACE\",\"allowCycles\":false}",
        "workflow", "import", "order", "{ \"name\" : \"w\" }", "--mode", "replace")]
    [InlineData("POST /api/model/order/1/workflow/import {\"workflows\":[],\"importMode\":\"ACTIVATE\",\"allowCycles\":true}", "workflow",
        "import", "order", "{\"workflows\":[],\"importMode\":\"ACTIVATE\",\"allowCycles\":true}")]
    [InlineData("POST /api/entity/JSON/order/1?transactionWindow=5 [{}]", "entity", "create", "order", "[{}]", "--window", "5")]
    [InlineData($"GET /api/entity/{Id}?pointInTime=2026-11-20T00%3A00%3A00.0000000Z", "entity", "get", Id, "--at", "2026-11-20")]
    [InlineData($"GET /api/entity/{Id}/changes", "entity", "changes", Id)]
    [InlineData($"GET /api/entity/{Id}/transitions", "entity", "transitions", Id)]
    [InlineData($"PUT /api/entity/JSON/{Id} {{\"a\":2}} If-Match \"{Transaction}\"", "entity", "update", Id, "{\"a\":2}",
        "--if-match", Transaction)]
    [InlineData($"PUT /api/entity/XML/{Id}/pay%20now <o/>", "entity", "update", Id, "<o/>", "--xml", "-t", "pay now")]
    [InlineData($"PATCH /api/entity/JSON/{Id} {{\"a\":null}} If-Match *", "entity", "patch", Id, "{\"a\":null}")]
    [InlineData($"PATCH /api/entity/JSON/{Id}/pay {{}} If-Match *", "entity", "transition", Id, "pay")]
    [InlineData($"POST /api/entity/JSON/{Id}/pay/dry-run", "entity", "transition", Id, "pay", "--dry-run")]
    [InlineData("GET /api/entity/stats", "entity", "stats")]
    [InlineData("GET /api/entity/stats/states/order/1?pointInTime=2026-11-20T00%3A00%3A00.0000000Z", "entity", "stats", "order", "--at",
        "2026-11-20")]
    [InlineData(
        "POST /api/entity/stats/order/1/query {\"groupBy\":[\"state\",\"$.a\"],\"aggregations\":[{\"op\":\"sum\",\"field\":\"$.b\"}],\"condition\":{\"type\":\"simple\",\"jsonPath\":\"$.a\",\"operatorType\":\"IS_NULL\"}}",
        "entity", "stats", "order", "--by", "state", "--by", "a", "--sum", "b", "--where", "a is null")]
    [InlineData($"DELETE /api/entity/{Id}", "entity", "delete", Id, "--yes")]
    [InlineData("DELETE /api/entity/order/1", "entity", "delete", "order", "--all", "--yes")]
    [InlineData("GET /api/entity/feed?model=order.1&from=7", "entity", "feed", "order/1", "--from", "7")]
    [InlineData(
        "POST /api/search/direct/order/1?sort=total%3Adesc&sort=%40id&first=7 {\"type\":\"simple\",\"jsonPath\":\"$.a\",\"operatorType\":\"EQUALS\",\"value\":1}",
        "search", "order", "--where", "a = 1", "-n", "7", "--sort", "total:desc", "--sort", "@id")]
    [InlineData(
        "POST /api/search/direct/order/1?sort=name%3Adesc&sort=a&first=1000 {\"type\":\"group\",\"operator\":\"AND\",\"conditions\":[]}",
        "search", "order", "--sort", "-name,a:asc")]
    [InlineData(
        "POST /api/search/direct/order/1?sort=total%3Adesc&first=5 {\"type\":\"group\",\"operator\":\"AND\",\"conditions\":[]}",
        "entity", "list", "order", "--sort", "-total", "-n", "5")]
    public async Task Command_AsksTheApi(string asked, params string[] line)
    {
        await RunAsync([.. line, "-o", "json"]);
        Assert.Equal(asked, Assert.Single(api.Asked));
    }

    [Theory]
    [InlineData("token", "revoke", "ci")]
    [InlineData("client", "delete", "abc")]
    [InlineData("model", "delete", "order")]
    [InlineData("entity", "delete", Id)]
    [InlineData("entity", "delete", "order", "--all")]
    public async Task Delete_WithoutATerminal_ChangesNothingUnlessTheCommandSaysYes(params string[] line)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Contains("CONFIRMATION_NEEDED", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Add -y", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(api.Asked);
    }

    [Fact]
    public async Task Create_PrintsTheIdsAlone_AndTellsWhatFailed()
    {
        api.Answer = $$$"""[{"transactionId":"{{{Transaction}}}","entityIds":["{{{Id}}}"]},{"error":{"code":"VALIDATION_FAILED","message":"No.","chunkIndex":1}}]""";
        Assert.Equal(1, await RunAsync("entity", "create", "order", home.Write("orders.json", "[{},{}]")));
        Assert.Equal(Id + "\n", output.ToString());
        Assert.Contains("VALIDATION_FAILED", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("POST /api/entity/JSON/order/1 [{},{}]", Assert.Single(api.Asked));
    }

    [Fact]
    public async Task Transition_PrintsTheTransaction_AndSaysTheStateThatItLeft()
    {
        api.Answer = $$$"""{"transactionId":"{{{Transaction}}}","meta":{"state":"PAID"}}""";
        Assert.Equal(0, await RunAsync("entity", "transition", Id, "pay"));
        Assert.Equal(Transaction + "\n", output.ToString());
        Assert.Equal($"{Id} is PAID.\n", error.ToString());
        Assert.Equal($"GET /api/entity/{Id}?transactionId={Transaction}", api.Asked[1]);
    }

    [Fact]
    public async Task Search_PrintsATable_OrTheIdsAlone_OrJson()
    {
        api.Answer = $$$$"""{"data":{"n":12345678901234567890.10},"meta":{"id":"{{{{Id}}}}","state":"NEW","lastUpdateTime":"2026-11-20T00:00:00Z"}}""" + "\n";
        Assert.Equal(0, await RunAsync("search", "order"));
        Assert.Contains("""{"n":12345678901234567890.10}""", output.ToString(), StringComparison.Ordinal);
        output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("search", "order", "-q"));
        Assert.Equal(Id + "\n", output.ToString());
        output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("search", "order", "--json"));
        Assert.Equal(1, System.Text.Json.JsonElement.Parse(output.ToString()).GetArrayLength());
    }

    [Fact]
    public async Task List_GoesOnByTheCursor_UntilTheLimit()
    {
        api.Answer = $$$$"""{"items":[{"meta":{"id":"{{{{Id}}}}"}}],"nextCursor":"next"}""";
        Assert.Equal(0, await RunAsync("entity", "list", "order", "-n", "600", "-q"));
        Assert.Equal($"{Id}\n{Id}\n", output.ToString());
        Assert.Equal(["GET /api/entity/order/1?limit=500", "GET /api/entity/order/1?limit=100&cursor=next"], api.Asked);
    }

    [Fact]
    public async Task Search_GoesOnBehindTheLastEntity_UntilTheLimit()
    {
        var envelope = $$$"""{"meta":{"id":"{{{Id}}}","transactionId":"{{{Transaction}}}"}}""";
        api.Respond = (http, _) => Task.FromResult(
            string.Concat(Enumerable.Repeat(envelope + "\n", int.Parse(http.Request.Query["first"]!, CultureInfo.InvariantCulture))));
        Assert.Equal(0, await RunAsync("search", "order", "-n", "10005", "-q"));
        Assert.Equal(10_005, output.ToString().Count(c => c == '\n'));
        Assert.Equal(
            ["/api/search/direct/order/1?first=10000", $"/api/search/direct/order/1?first=5&after={Id}.{Transaction}"],
            api.Asked.Select(a => a.Split(' ')[1]));
    }

    [Fact]
    public async Task Search_AsAJob_FetchesNoMoreThanTheLimit()
    {
        var page = string.Join(',', Enumerable.Repeat($$$"""{"meta":{"id":"{{{Id}}}"}}""", 1000));
        api.Respond = (http, _) => Task.FromResult(http.Request.Path.Value!.Split('/')[^1] switch
        {
            "1" => $"\"{Id}\"",
            "status" => """{"searchJobStatus":"SUCCESSFUL","entitiesCount":5000}""",
            _ => $$"""{"content":[{{page}}]}""",
        });
        Assert.Equal(0, await RunAsync("search", "order", "--async", "-n", "1002", "--sort", "-total", "-q"));
        Assert.Equal(1_002, output.ToString().Count(c => c == '\n'));
        Assert.StartsWith("POST /api/search/async/order/1?sort=total%3Adesc ", api.Asked[0], StringComparison.Ordinal);
        Assert.Equal(2, api.Asked.Count(a => a.Contains("pageNumber", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Migrate_TellsWhatDoesNotFit_AndIsOne()
    {
        api.Answer = $$$"""
            {"type":"progress","seen":2,"moved":1,"failed":1}
            {"type":"end","seen":2,"moved":1,"failed":1,"failures":[{"entityId":"{{{Id}}}","code":"INCOMPATIBLE_TYPE","message":"No."}]}
            """;
        Assert.Equal(1, await RunAsync("model", "migrate", "order", "2"));
        Assert.Contains("Moved 1 of 2; 1 do not fit and stay.", error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{Id}  INCOMPATIBLE_TYPE  No.", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_WithoutAnEnd_SaysThatItGoesOn()
    {
        api.Answer = """{"type":"progress","seen":2,"moved":2,"failed":0}""";
        Assert.Equal(1, await RunAsync("model", "migrate", "order", "2"));
        Assert.Contains("continues where it stopped", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_InGroups_ArePrintedAsTheyCame()
    {
        api.Answer = """[{"groupKey":[{"path":"state","value":"NEW"}],"count":2,"aggregations":{"sum_b":0.10}}]""";
        Assert.Equal(0, await RunAsync("entity", "stats", "order", "--sum", "b"));
        Assert.Equal("state  count  sum_b\nNEW    2      0.10\n", output.ToString());
    }

    [Fact]
    public async Task DryRun_OfWhatWouldFail_SaysWhyAndIsOne()
    {
        api.Answer = """{"wouldSucceed":false,"error":{"message":"No."},"steps":[],"refused":[{"name":"ship","reason":"$.paid is false."}]}""";
        Assert.Equal(1, await RunAsync("entity", "transition", Id, "ship", "--dry-run"));
        Assert.Equal("It would fail: No.\n  not ship: $.paid is false.\n", output.ToString());
    }

    [Theory]
    [InlineData("entity", "get", "order")]
    [InlineData("entity", "create", "order", "no-such-file.json")]
    [InlineData("entity", "delete", "order")]
    [InlineData("entity", "nonsense")]
    [InlineData("model", "get", "")]
    [InlineData("model", "level", "order", "whatever")]
    [InlineData("model", "keys", "order")]
    [InlineData("workflow", "import", "order", "{")]
    [InlineData("model", "explain", "order")]
    [InlineData("model", "indexes", "order", "a", "--none")]
    [InlineData("model", "retention", "order", "--keep-days", "3", "--none")]
    [InlineData("entity", "import", "no-such-file")]
    [InlineData("entity", "stats", "--by", "state")]
    [InlineData("search", "order", "--where", "a =")]
    [InlineData("search", "order", "--sort", "-total:desc")]
    [InlineData("search", "order", "--sort", "total,,name")]
    [InlineData("entity", "list", "order", "--sort", "-")]
    [InlineData("search", "order", "--where", "a = 1", "--condition", "{}")]
    public async Task Command_WrongUsage_IsTwoAndAsksNothing(params string[] line)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Contains("Next:", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(api.Asked);
    }

    private Task<int> RunAsync(params string[] line) => StrataCommand.RunAsync(
        [.. line, "--home", home.Path], new Terminal { Out = output, Error = error }, TestContext.Current.CancellationToken);
}
