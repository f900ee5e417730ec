using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.EntityApi.Workflows;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

public abstract class AuditContract(IStore store) : WorkflowContract(store)
{
    private const string Unknown = "0193a1b2-0000-7000-8000-00000000ffff";

    private const string States = """
        {"A":{"transitions":[{"name":"big","next":"B","criterion":{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}},
              {"name":"send","next":"B","manual":true,"processors":[{"name":"mail","executionMode":"ASYNC_NEW_TX"}]},
              {"name":"remind","next":"A","schedule":{"delayMs":3600000}}]},
         "B":{}}
        """;

    [Fact]
    public async Task Audit_TellsEachStepWithItsData()
    {
        await GivenAsync(States);
        var (id, first) = await CreateAsync();
        Assert.Equal(200, (await TakeAsync(id, "send")).Status);
        var items = await AuditAsync(id);
        Assert.Equal(
            [
                "EntityChange", "STATE_MACHINE_FINISH", "SCHEDULED_TRANSITION_CANCEL", "TRANSITION_MAKE", "STATE_PROCESS_RESULT",
                "WORKFLOW_FOUND", "STATE_MACHINE_START",
                "EntityChange", "STATE_MACHINE_FINISH", "SCHEDULED_TRANSITION_ARM", "TRANSITION_NOT_MATCH_CRITERION", "WORKFLOW_FOUND",
                "STATE_MACHINE_START",
            ], items.Select(Type));
        Assert.Equal(
            ("UPDATE", "CREATE"), (items[0].GetProperty("changeType").GetString(), items[7].GetProperty("changeType").GetString()));
        Assert.Equal("""{"eventType":"TRANSITION_MAKE","workflowName":"w","transition":"send","newState":"B"}""", items[3].GetProperty("data").GetRawText());
        Assert.Equal(("A", "\"send\" takes it from A to B."),
            (items[3].GetProperty("state").GetString(), items[3].GetProperty("details").GetString()));
        Assert.Equal(
            ("WARN", "FAIL", "mail"), (
                items[4].GetProperty("severity").GetString(), Data(items[4], "stateProcessType"), Data(items[4], "stateProcessClassName")));
        Assert.Equal(("big", "$.amount GREATER_THAN 100", "$.amount GREATER_THAN 100 does not hold: it is 1"),
            (Data(items[10], "transition"), Data(items[10], "criterion"), Data(items[10], "reason")));
        Assert.All(items[7..], item => Assert.Equal(first, item.GetProperty("transactionId").GetString()));
        Assert.All(
            items, item =>
                Assert.Equal((id, "order.1"), (item.GetProperty("entityId").GetString(), item.GetProperty("entityModel").GetString())));
    }

    [Fact]
    public async Task Audit_EveryFilter_Narrows()
    {
        await GivenAsync(States);
        var (id, first) = await CreateAsync();
        await TakeAsync(id, "send");
        var all = await AuditAsync(id);
        Assert.Equal(2, (await AuditAsync(id, "&eventType=EntityChange")).Length);
        Assert.Equal(11, (await AuditAsync(id, "&eventType=StateMachine")).Length);
        Assert.Equal(13, (await AuditAsync(id, "&eventType=StateMachine&eventType=EntityChange")).Length);
        Assert.Empty(await AuditAsync(id, "&eventType=System"));
        Assert.Equal("STATE_PROCESS_RESULT", Type(Assert.Single(await AuditAsync(id, "&severity=WARN"))));
        Assert.Empty(await AuditAsync(id, "&severity=DEBUG"));
        Assert.Equal(6, (await AuditAsync(id, $"&transactionId={first}")).Length);
        Assert.Empty(await AuditAsync(id, $"&transactionId={Unknown}"));
        var (oldest, newest) = (all[^1].GetProperty("utcTime").GetString(), all[0].GetProperty("utcTime").GetString());
        Assert.Equal(13, (await AuditAsync(id, $"&fromUtcTime={oldest}")).Length);
        Assert.Equal(7, (await AuditAsync(id, $"&fromUtcTime={newest}")).Length);
        Assert.Equal(6, (await AuditAsync(id, $"&toUtcTime={newest}")).Length);
        Assert.Empty(await AuditAsync(id, $"&toUtcTime={oldest}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("&eventType=StateMachine")]
    public async Task Audit_PageByPage_GivesEachEventOnce_AlsoUnderWrites(string filter)
    {
        await GivenAsync(States);
        var (id, _) = await CreateAsync();
        for (var i = 0; i < 3; i++) await TakeAsync(id, i == 2 ? "send" : "", """{"amount":1}""");
        var all = (await AuditAsync(id, filter)).Select(item => item.GetRawText()).ToArray();
        var paged = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}?limit=4{filter}{cursor}")).Body;
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetRawText()));
            var pagination = page.GetProperty("pagination");
            cursor = pagination.GetProperty("hasNext").GetBoolean() ? $"&cursor={pagination.GetProperty("nextCursor").GetString()}" : null;
            await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"amount":2}""");
        }
        Assert.Equal(all, paged);
    }

    [Fact]
    public async Task Audit_CursorAlteredInventedOrOfAnotherEntity_Is400()
    {
        await GivenAsync(States);
        var ((id, _), (other, _)) = (await CreateAsync(), await CreateAsync());
        var cursor = (await Http.SendJsonAsync("GET",
            $"/api/audit/entity/{id}?limit=1")).Body.GetProperty("pagination").GetProperty("nextCursor").GetString()!;
        for (var at = 0; at < cursor.Length; at++) await RefusedAsync(id,
            $"{cursor[..at]}{(cursor[at] == 'A' ? 'B' : 'A')}{cursor[(at + 1)..]}");
        await RefusedAsync(other, cursor);
        foreach (var revision in (long[])[-1, 0, 1_000_000, long.MaxValue])
            await RefusedAsync(id, new AuditPosition(new Revision(revision), 0).ToCursor(AuditPosition.ListingOf(Host.Org,
                new EntityId(Guid.Parse(id)))));
        Assert.Equal(200, (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}?cursor={cursor}")).Status);

        async Task RefusedAsync(string entity, string sent)
        {
            var refused = await Http.SendJsonAsync("GET", $"/api/audit/entity/{entity}?cursor={sent}");
            Assert.Equal((400, "INVALID_CURSOR"), (refused.Status,
                refused.Body.GetProperty("properties").GetProperty("errorCode").GetString()));
        }
    }

    [Theory]
    [InlineData("eventType=Nothing")]
    [InlineData("severity=LOUD")]
    [InlineData("fromUtcTime=yesterday")]
    [InlineData("toUtcTime=2026")]
    [InlineData("transactionId=1")]
    [InlineData("cursor=abc")]
    [InlineData("cursor=0-1")]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    public async Task Audit_BadFilter_Is400(string query)
    {
        var (id, _) = await CreateAsync();
        Assert.Equal(400, (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}?{query}")).Status);
    }

    [Fact]
    public async Task Finished_TellsHowTheRunEnded()
    {
        await GivenAsync(States);
        var (id, first) = await CreateAsync();
        var finished = (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}/workflow/{first}/finished")).Body;
        Assert.Equal("STATE_MACHINE_FINISH", Type(finished));
        Assert.Equal(
            ("A", true), (finished.GetProperty("state").GetString(), finished.GetProperty("data").GetProperty("success").GetBoolean()));
        var reason = finished.GetProperty("data").GetProperty("stopReason");
        Assert.Equal("COMPLETED_ALL_CRITERIA_REJECTED", reason.GetProperty("type").GetString());
        Assert.Equal("big", reason.GetProperty("rejectedTransitions")[0].GetProperty("transitionName").GetString());

        var second = (await TakeAsync(id, "send")).Body;
        var transaction = (second.ValueKind == JsonValueKind.Array ? second[0] : second).GetProperty("transactionId").GetString();
        finished = (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}/workflow/{transaction}/finished")).Body;
        Assert.Equal(
            "COMPLETED_NO_AUTO_TRANSITIONS", finished.GetProperty("data").GetProperty("stopReason").GetProperty("type").GetString());

        var (other, elsewhere) = await CreateAsync();
        foreach (var (entity, unknown) in ((string, string)[])[(id, elsewhere), (other, first), (id, Unknown), (Unknown, first)])
            Assert.Equal(404, (await Http.SendJsonAsync("GET", $"/api/audit/entity/{entity}/workflow/{unknown}/finished")).Status);
        Assert.Equal(400, (await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}/workflow/1/finished")).Status);
    }

    [Fact]
    public async Task Audit_OfADeletedEntity_IsKept_OfAnUnknownOneIs404()
    {
        var (id, _) = await CreateAsync();
        Assert.Equal(200, (await Http.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
        Assert.Equal("DELETE", (await AuditAsync(id))[0].GetProperty("changeType").GetString());
        Assert.Equal(404, (await Http.SendJsonAsync("GET", $"/api/audit/entity/{Unknown}")).Status);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "a", ["admin"]));
        Assert.Equal(404, (await other.SendJsonAsync("GET", $"/api/audit/entity/{id}")).Status);
    }

    private static string? Type(JsonElement item) => item.TryGetProperty("eventType", out var type)
        ? type.GetString() : item.GetProperty("auditEventType").GetString();

    private static string? Data(JsonElement item, string name) => item.GetProperty("data").GetProperty(name).GetString();
}

public sealed class MemoryAuditTests() : AuditContract(new MemoryStore());

public sealed class PostgresAuditTests(TestServer server) : AuditContract(PostgresDatabase.Reused(server));
