using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Storage.Tests.Contract;
using Strata.Api.Tests.Hosting;

namespace Strata.EntityApi.Tests.Workflows;

public abstract partial class StoryContract(IStore store) : WorkflowContract(store)
{
    private const string States = """
        {"A":{"transitions":[{"name":"big","next":"B","criterion":{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}},
              {"name":"pay","next":"C","manual":true,"criterion":{"type":"simple","jsonPath":"$.paid","operatorType":"EQUALS","value":true}},
              {"name":"send","next":"B","manual":true},
              {"name":"expire","next":"C","schedule":{"delayMs":3600000}}]},
         "B":{"transitions":[{"name":"close","next":"C"}]},"C":{}}
        """;

    [Fact]
    public async Task Why_TellsTheStoryInSentences()
    {
        await GivenAsync(States);
        var (id, _) = await CreateAsync();
        await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"amount":2}""");
        Assert.Equal($"""
            The entity ID of the model order.1 is in the state A since TIME.

            TIME: token:orders creates it. (transaction ID)
              The workflow "w" applies.
              "big" does not fire: $.amount GREATER_THAN 100 does not hold: it is 1.
              "expire" is armed and fires by itself at TIME.
              It rests in the state A.

            TIME: token:orders changes it. (transaction ID)
              "big" does not fire: $.amount GREATER_THAN 100 does not hold: it is 2.
              "expire" is armed and fires by itself at TIME.
              It rests in the state A.

            It waits for:
              - "expire", which fires by itself at TIME, unless it leaves the state A before or is changed, which restarts its timer.
              - "big", which fires by itself at the change that makes its criterion hold; now $.amount GREATER_THAN 100 does not hold: it is 2.
              - a request for "pay", which leads to C and would be refused now: $.paid EQUALS true does not hold: it is missing.
              - a request for "send", which leads to B.

            """, Blur(await TextAsync(id)), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Why_TellsWhyEachTransitionFired_AndWhenNothingIsLeft()
    {
        await GivenAsync(States);
        var (id, _) = await CreateAsync();
        await TakeAsync(id, "send");
        var text = Blur(await TextAsync(id));
        Assert.Contains("TIME: token:orders asks for \"send\".", text, StringComparison.Ordinal);
        Assert.Contains("\"send\" takes it from A to B, as token:orders asked.", text, StringComparison.Ordinal);
        Assert.Contains("\"close\" takes it from B to C, by itself: of the automatic transitions of B it is the first that may.", text,
            StringComparison.Ordinal);
        Assert.Contains("\"expire\" is disarmed.", text, StringComparison.Ordinal);
        Assert.Contains("  - nothing: no transition leads out of the state C.", text, StringComparison.Ordinal);
        await Http.SendJsonAsync("DELETE", $"/api/entity/{id}");
        text = Blur(await TextAsync(id));
        Assert.Contains("is deleted since TIME. Its last state was C.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("It waits for", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_AsJson_SaysTheSame()
    {
        await GivenAsync(States);
        var (id, first) = await CreateAsync();
        var story = (await Http.SendJsonAsync("GET", $"/api/entity/{id}/why", headers: ("Accept", "application/json"))).Body;
        Assert.Equal(("A", false), (story.GetProperty("state").GetString(), story.GetProperty("deleted").GetBoolean()));
        Assert.Equal(first, story.GetProperty("story")[0].GetProperty("transactionId").GetString());
        var text = await TextAsync(id);
        foreach (var sentence in story.GetProperty("story")[0].GetProperty("sentences").EnumerateArray()
            .Concat(story.GetProperty("waitsFor").EnumerateArray()))
            Assert.Contains(sentence.GetString()!, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_AfterAWorkflowWasImported_SaysWhatTheNextChangeDoes()
    {
        await GivenAsync("""{"A":{}}""");
        var (id, _) = await CreateAsync();
        await GivenAsync("""{"A":{"transitions":[{"name":"on","next":"B"}]},"B":{}}""");
        await Wait.UntilAsync(
            async () => (await TextAsync(id)).Contains("- its next change, which takes it to B by \"on\".", StringComparison.Ordinal),
            "the new workflow is in force");
        await GivenAsync("""{"A":{"transitions":[{"name":"on","next":"B\n","criterion":{"type":"function","function":{"name":"f"}}}]},"B\n":{}}""");
        const string Obstacle = "- an obstacle to go: a change that leaves its data as it is would fail. No compute member serves \"f\".";
        await Wait.UntilAsync(
            async () => (await TextAsync(id)).Contains(Obstacle, StringComparison.Ordinal), "the next workflow is in force");
    }

    [Fact]
    public async Task Why_OfAnUnknownEntity_Is404()
    {
        var (id, _) = await CreateAsync();
        Assert.Equal(404, (await Http.SendJsonAsync("GET", "/api/entity/0193a1b2-0000-7000-8000-00000000ffff/why")).Status);
        Assert.Equal(400, (await Http.SendJsonAsync("GET", "/api/entity/1/why")).Status);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "a", ["admin"]));
        Assert.Equal(404, (await other.SendJsonAsync("GET", $"/api/entity/{id}/why")).Status);
    }

    [Fact]
    public async Task PlatformsOwnResources_HaveNoStoryHere()
    {
        using var admin = Host.Client();
        var project = await admin.SendJsonAsync("GET", "/api/v1/projects/web");
        Assert.True(Core.IdText.TryParse("prj", project.Text("id"), out var id));
        Assert.Equal(404, (await admin.SendJsonAsync("GET", $"/api/entity/{id}/why")).Status);
        Assert.Equal(404, (await admin.SendJsonAsync("POST", $"/api/entity/JSON/{id}/dry-run")).Status);
        var commit = (await Host.Log.TrailAsync(Host.Org, new Core.EntityId(Guid.Parse($"{id}")), null, 1, default))[0].Commit;
        Assert.Equal(404, (await admin.SendJsonAsync("GET", $"/api/audit/entity/{id}/workflow/{commit}/finished")).Status);
    }

    private async Task<string> TextAsync(string id)
    {
        using var response = await Http.GetAsync($"/api/entity/{id}/why");
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        return await response.Content.ReadAsStringAsync();
    }

    private static string Blur(string text) => Id().Replace(Time().Replace(text, "TIME"), "ID");

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+Z")]
    private static partial Regex Time();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f-]{27}")]
    private static partial Regex Id();
}

public sealed class MemoryStoryTests() : StoryContract(new MemoryStore());

public sealed class PostgresStoryTests(TestServer server) : StoryContract(PostgresDatabase.Reused(server));
