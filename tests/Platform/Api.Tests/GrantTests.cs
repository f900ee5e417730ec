using System.Collections.Frozen;
using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Tests.BadInputs;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>Who may do what with which resource: what roles grant, and grants for a part of an organization only.</summary>
public sealed class GrantTests : IAsyncLifetime
{
    private const string Narrow = "token:narrow";
    private ApiHost host = null!;
    private HttpClient admin = null!;
    private HttpClient narrow = null!;

    /// <summary>One that reads every widget and writes those of the environment "staging".</summary>
    private static Principal Change(Principal principal) => principal.Actor != Narrow ? principal : principal with
    {
        Grants =
        [
            new Grant(FrozenSet.Create("widgets.read"), GrantScope.Organization),
            new Grant(FrozenSet.Create("widgets.write", "boxes.read"),
                new GrantScope.WithLabels(new Dictionary<string, string> { ["env"] = "staging" })),
        ],
    };

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync(principals: Change);
        admin = host.Client();
        narrow = host.Client(await host.TokenAsync(host.Org, "narrow", [Roles.Viewer]));
        foreach (var (name, env) in ((string, string)[])[("one", "staging"), ("two", "production")])
        {
            Assert.Equal(201, (await CreateAsync(admin, "widgets", name, env)).Status);
            Assert.Equal(201, (await CreateAsync(admin, "boxes", name, env)).Status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        narrow.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Write_OfWhatIsSeenAndNotGranted_IsForbidden()
    {
        const string patch = """{"spec":{"size":5}}""";
        Assert.Equal(200, (await narrow.SendJsonAsync("PATCH", "/api/v1/widgets/one", patch)).Status);
        foreach (var (method, path, body) in ((string, string, string?)[])
        [
            ("PATCH", "/api/v1/widgets/two", patch), ("DELETE", "/api/v1/widgets/two", null),
            ("POST", "/api/v1/widgets/two/transitions/polish", null),
        ])
        {
            var answer = await narrow.SendJsonAsync(method, path, body);
            Assert.True(answer.Status == 403, $"{method} {path}: {answer.Status} {answer.Body}");
        }
        Assert.Equal(200, (await narrow.SendJsonAsync("GET", "/api/v1/widgets/two")).Status);
        Assert.Equal(200, (await narrow.SendJsonAsync("DELETE", "/api/v1/widgets/one")).Status);
    }

    [Fact]
    public async Task Write_ThatWouldLeaveTheGrant_IsForbidden()
    {
        Assert.Equal(403, (await narrow.SendJsonAsync("PATCH", "/api/v1/widgets/one", """{"labels":{"env":"production"}}""")).Status);
        Assert.Equal(403, (await narrow.SendJsonAsync("PATCH", "/api/v1/widgets/one", """{"labels":{"env":null}}""")).Status);
        // Another label may be what other rights go by.
        Assert.Equal(403, (await narrow.SendJsonAsync("PATCH", "/api/v1/widgets/one", """{"labels":{"tier":"web"}}""")).Status);
    }

    [Fact]
    public async Task List_OfWhatIsGrantedInPart_ShowsThatPart_AndTheRestDoesNotExist()
    {
        Assert.Equal(["one"], await NamesAsync(narrow, "boxes"));
        Assert.Equal(["one", "two"], await NamesAsync(narrow, "widgets"));
        Assert.Equal(404, (await narrow.SendJsonAsync("GET", "/api/v1/boxes/two")).Status);
        Assert.Equal(404, (await narrow.SendJsonAsync("GET", "/api/v1/boxes/two/history")).Status);
        Assert.Equal(200, (await narrow.SendJsonAsync("GET", "/api/v1/boxes/one/history")).Status);
    }

    [Fact]
    public async Task Create_OutsideOfTheGrant_IsForbidden()
    {
        Assert.Equal(201, (await CreateAsync(narrow, "widgets", "three", "staging")).Status);
        Assert.Equal(403, (await CreateAsync(narrow, "widgets", "four", "production")).Status);
        Assert.Equal(403, (await CreateAsync(narrow, "widgets", "five", null)).Status);
    }

    [Fact]
    public void Covers_APermissionGrantedInPart_IsNotHandedOut()
    {
        var whole = Principal(GrantScope.Organization, null);
        var part = Principal(new GrantScope.WithLabels(new Dictionary<string, string> { ["env"] = "staging" }), null);
        Assert.True(whole.Covers(["widgets.write"]));
        Assert.False(part.Covers(["widgets.write"]));
        Assert.True(Principal(new GrantScope.OfProject("prj_1"), "prj_1").Covers(["widgets.write"]));
        Assert.False(Principal(new GrantScope.OfProject("prj_1"), null).Covers(["widgets.write"]));
        Assert.False(whole.Covers(["widgets.control"]));
        Assert.False(whole.Covers([Api.Auth.Principal.PlatformPermission]));
    }

    [Fact]
    public void May_Everything_IsNotControl()
    {
        var everything = new Principal
        {
            Tenant = new(Guid.CreateVersion7()), Actor = "user:admin",
            Grants = [new Grant(host.Catalog.PermissionsOf([Roles.Admin]), GrantScope.Organization)],
        };
        Assert.True(everything.May("widgets.write"));
        Assert.False(everything.May("widgets.control"));
        Assert.True((everything with { Tenant = Core.TenantId.Platform }).May("widgets.control"));
    }

    [Fact]
    public void Catalog_IsWhatKindsAndModulesDeclare()
    {
        var catalog = new RoleCatalog([WidgetKind.Kind, TokenKindOf()], [new Permission("things.do", Roles.Machine, Roles.Developer)]);
        Assert.Equal(["things.do", "widgets.read"], catalog.PermissionsOf([Roles.Developer]).Order());
        Assert.Equal(["widgets.read"], catalog.PermissionsOf([Roles.Viewer]));
        Assert.Equal(["things.do"], catalog.PermissionsOf([Roles.Machine, "nobody"]));
        Assert.Empty(catalog.PermissionsOf(["nobody"]));
        Assert.Throws<ArgumentException>(() => new RoleCatalog([], [new Permission("a.b"), new Permission("a.b")]));
        Assert.Throws<ArgumentException>(() => new RoleCatalog([], [new Permission("a.b", "gardener")]));
    }

    private static Kind TokenKindOf() => Api.Auth.Tokens.TokenKind.Kind;

    private static Principal Principal(GrantScope scope, string? project) => new()
    {
        Tenant = new(Guid.CreateVersion7()), Actor = "token:x", Project = project,
        Grants = [new Grant(FrozenSet.Create("widgets.write"), scope)],
    };

    private static Task<JsonAnswered> CreateAsync(HttpClient http, string plural, string name, string? env) => http.SendJsonAsync(
        "POST", "/api/v1/" + plural, JsonSerializer.Serialize(
            new { name, project = "web", labels = env is null
                ? new Dictionary<string, string>() : new() { ["env"] = env }, spec = new { } }));

    private static async Task<IEnumerable<string?>> NamesAsync(HttpClient http, string plural) =>
        (await http.SendJsonAsync("GET", "/api/v1/" + plural)).Body.GetProperty("items").EnumerateArray()
            .Select(x => x.GetProperty("name").GetString()).Order();
}
