using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>
/// A watch sends nothing that a list would not: neither the last document of what was deleted, nor that of what has left the caller's
/// grant.
/// </summary>
public sealed class WatchAccessTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private HttpClient admin = null!;

    private static Principal Change(Principal principal) => principal.Actor switch
    {
        "token:agent" =>
            principal with { Node = "red", Grants = [new Grant(FrozenSet.Create("widgets.read"), new GrantScope.OfNode("red"))] },
        "token:staging" => principal with
        {
            Grants = [new Grant(
                FrozenSet.Create("boxes.read"), new GrantScope.WithLabels(new Dictionary<string, string> { ["env"] = "staging" }))],
        },
        _ => principal,
    };

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync(principals: Change);
        admin = host.Client();
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/projects", """{"name":"shop","spec":{}}""")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task WatchFrom_WithAProjectsToken_SendsNoDeletionOfAnotherProjectOrOrganization()
    {
        using var foreign = host.Client(await host.TokenAsync(host.OtherOrg, "foreign", [Roles.Admin]));
        await BoxAsync(foreign, "foreign", "web");
        await DeleteAsync(foreign, "boxes/foreign");
        await BoxAsync(admin, "theirs", "shop");
        await DeleteAsync(admin, "boxes/theirs");
        await BoxAsync(admin, "mine", "web");
        await DeleteAsync(admin, "boxes/mine");
        await BoxAsync(admin, "last", "web", "last");
        var project = (await admin.SendJsonAsync("GET", "/api/v1/projects/web")).Body.GetProperty("id").GetString();
        using var narrow = host.Client(await host.TokenAsync(host.Org, "narrow", [Roles.Developer], project));
        Assert.Equal(["ready", "item mine ACTIVE", "item mine ACTIVE deleted", "item last ACTIVE"],
            await ReadAsync(narrow, "boxes?watch=true&from=0", "item last ACTIVE"));
        // What the request itself leaves out is another matter: the client may have it from before.
        Assert.Equal(
            ["ready", "item mine ACTIVE deleted", "item last ACTIVE"],
            await ReadAsync(narrow, "boxes?watch=true&from=0&labels.env=last", "item last ACTIVE"));
    }

    [Fact]
    public async Task WatchFrom_OfOrganizationsByAViewer_SendsItsOwnOnly()
    {
        using var viewer = host.Client(await host.TokenAsync(host.Org, "viewer", [Roles.Viewer]));
        var made = await admin.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"gone","spec":{}}""");
        Assert.Equal(201, made.Status);
        var id = OrganizationKind.Kind.EntityOf(made.Body.GetProperty("id").GetString()!);
        var engine = host.Services.GetRequiredService<EntityEngine>();
        Assert.True((await engine.DeleteAsync(new Caller(TenantId.Platform, "test"), OrganizationKind.Kind.Model, id, null, default)).IsOk);
        Assert.Equal(200, (await admin.SendJsonAsync("PATCH", "/api/v1/organizations/default", """{"labels":{"a":"b"}}""")).Status);
        Assert.Equal(["ready", "item default ACTIVE", "item default ACTIVE"],
            await ReadAsync(viewer, "organizations?watch=true&from=0", "item default ACTIVE", 2));
    }

    [Fact]
    public async Task WatchFrom_ByTheAgentOfAnotherNode_SendsWhatIsOnItsOwn()
    {
        using var agent = host.Client(await host.TokenAsync(TenantId.Platform, "agent", [Roles.Agent]));
        foreach (var (name, color) in ((string, string)[])[("other", "blue"), ("own", "red")])
        {
            var made = await admin.SendJsonAsync("POST", "/api/v1/widgets", $$"""{"name":"{{name}}","project":"web","spec":{"color":"{{color}}"} }""");
            Assert.Equal(201, made.Status);
            var engine = host.Services.GetRequiredService<EntityEngine>();
            var id = WidgetKind.Kind.EntityOf(made.Body.GetProperty("id").GetString()!);
            Assert.True((await engine.DeleteAsync(new Caller(host.Org, "test"), WidgetKind.Kind.Model, id, null, default)).IsOk);
        }
        Assert.Equal(["ready", "item own NEW", "item own NEW deleted"],
            await ReadAsync(agent, "widgets?watch=true&org=default&from=0", "item own NEW deleted"));
    }

    [Fact]
    public async Task Watch_OfWhatLeavesTheGrant_SendsThatItIsGone_WithoutItsContent()
    {
        await BoxAsync(admin, "one", "web", "staging");
        using var staging = host.Client(await host.TokenAsync(host.Org, "staging", [Roles.Viewer]));
        await using var watch = await Watching.StartAsync(staging, "/api/v1/boxes?watch=true");
        Assert.Equal("item one ACTIVE", await watch.NextAsync());
        Assert.Equal("ready", await watch.NextAsync());
        Assert.Equal(200, (await admin.SendJsonAsync("PATCH", "/api/v1/boxes/one", """{"labels":{"env":"production"}}""")).Status);
        var gone = await watch.NextItemAsync();
        Assert.True(gone.GetProperty("deleted").GetBoolean());
        Assert.Equal(
            ("one", "", "{}"),
            (gone.GetProperty("name").GetString(), gone.GetProperty("state").GetString(), gone.GetProperty("labels").GetRawText()));
    }

    private static async Task<List<string>> ReadAsync(HttpClient http, string path, string last, int times = 1)
    {
        await using var watch = await Watching.StartAsync(http, "/api/v1/" + path);
        var read = new List<string>();
        while (read.Count(x => x == last) < times) read.Add(await watch.NextAsync());
        return read;
    }

    private static async Task BoxAsync(HttpClient http, string name, string project, string env = "none") => Assert.Equal(
        201, (await http.SendJsonAsync("POST", "/api/v1/boxes", $$"""{"name":"{{name}}","project":"{{project}}","labels":{"env":"{{env}}"},"spec":{} }""")).Status);

    private static async Task DeleteAsync(HttpClient http, string path) =>
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/" + path)).Status);
}
