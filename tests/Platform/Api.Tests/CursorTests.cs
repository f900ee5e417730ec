using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>
/// Cursors that a list did not give out: altered ones, those of other lists, invented ones. Each is 400, on every kind's list and
/// history.
/// </summary>
public sealed class CursorTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Cursor_AlteredAnywhere_IsRefused_OnEveryKindsList()
    {
        foreach (var plural in ApiHost.Kinds.Select(k => k.Plural))
        {
            var cursor = await CursorOfListAsync(plural);
            for (var at = 0; at < cursor.Length; at++) await RefusedAsync($"/api/v1/{plural}?limit=1&cursor={Altered(cursor, at)}");
            Assert.Equal(200, (await http.SendJsonAsync("GET", $"/api/v1/{plural}?limit=1&cursor={cursor}")).Status);
        }
    }

    [Fact]
    public async Task Cursor_OfAnotherKind_Organization_OrHistory_IsRefused()
    {
        var projects = await CursorOfListAsync("projects");
        var tokens = await CursorOfListAsync("tokens");
        var history = await CursorOfHistoryAsync("p-0");
        var otherHistory = await CursorOfHistoryAsync("p-1");
        foreach (var foreign in (string[])[tokens, history]) await RefusedAsync($"/api/v1/projects?cursor={foreign}");
        await RefusedAsync($"/api/v1/projects?cursor={projects}&org=other");
        foreach (var foreign in (string[])[projects, otherHistory]) await RefusedAsync($"/api/v1/projects/p-0/history?cursor={foreign}");
        for (var at = 0; at < history.Length; at++) await RefusedAsync($"/api/v1/projects/p-0/history?cursor={Altered(history, at)}");
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"/api/v1/projects/p-0/history?cursor={history}")).Status);
    }

    /// <summary>With the checksum worked out as the server does: what it names must make sense all the same.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1_000_000)]
    [InlineData(long.MaxValue)]
    public async Task Cursor_Invented_WithARevisionThatIsNotThere_IsRefused(long revision)
    {
        await CursorOfHistoryAsync("p-0");
        var id = (await http.SendJsonAsync("GET", "/api/v1/projects/p-0")).Text("id");
        var position = BitConverter.GetBytes(revision);
        Array.Reverse(position);
        var cursor = ListCursor.Write($"history/{host.Org}/{ProjectKind.Kind.EntityOf(id)}", position);
        await RefusedAsync($"/api/v1/projects/p-0/history?cursor={cursor}");
    }

    [Fact]
    public async Task Cursor_Invented_OfAnotherTenantsPlace_IsRefused()
    {
        var position = new byte[32];
        host.OtherOrg.Value.TryWriteBytes(position, bigEndian: true, out _);
        var cursor = ListCursor.Write($"list/{host.Org}/{ProjectKind.Kind.Model}/False", position);
        await RefusedAsync($"/api/v1/projects?cursor={cursor}");
        host.Org.Value.TryWriteBytes(position, bigEndian: true, out _); // a place of its own tenant, before the first of the list
        Assert.Equal(200, (await http.SendJsonAsync("GET",
            $"/api/v1/projects?cursor={ListCursor.Write($"list/{host.Org}/{ProjectKind.Kind.Model}/False", position)}")).Status);
    }

    [Fact]
    public async Task Watch_FromAheadOfTheLog_IsRefused() =>
        Assert.Equal((400, "INVALID_QUERY"), Told(await http.SendJsonAsync("GET", "/api/v1/projects?watch=true&from=1000000")));

    private async Task RefusedAsync(string path) => Assert.Equal((400, "INVALID_CURSOR"), Told(await http.SendJsonAsync("GET", path)));

    private static (int, string?) Told(JsonAnswered answer) => (answer.Status, answer.Code);

    /// <summary>Makes two of a kind where there are fewer.</summary>
    private async Task<string> CursorOfListAsync(string plural)
    {
        for (var i = 0; i < 2; i++)
        {
            var body = plural switch
            {
                "organizations" or "gadgets" or "environments" => $$"""{"name":"o-{{i}}","spec":{} }""",
                "projects" => $$"""{"name":"p-{{i}}","spec":{} }""",
                "tokens" => $$"""{"name":"t-{{i}}","spec":{"roles":["viewer"]} }""",
                "roles" => $$"""{"name":"r-{{i}}","spec":{"permissions":["widgets.read"]} }""",
                _ => $$"""{"name":"x-{{i}}","project":"web","spec":{} }""",
            };
            var made = await http.SendJsonAsync("POST", $"/api/v1/{plural}", body);
            Assert.True(made.Status is 201 or 409, made.Body.ToString());
        }
        return (await http.SendJsonAsync("GET", $"/api/v1/{plural}?limit=1")).Text("nextCursor");
    }

    private async Task<string> CursorOfHistoryAsync(string project)
    {
        await CursorOfListAsync("projects");
        await http.PatchAsync($"/api/v1/projects/{project}", """{"spec":{"displayName":"once more"} }""");
        return (await http.SendJsonAsync("GET", $"/api/v1/projects/{project}/history?limit=1")).Text("nextCursor");
    }

    private static string Altered(string cursor, int at) => cursor[..at] + (cursor[at] == 'A' ? 'B' : 'A') + cursor[(at + 1)..];
}
