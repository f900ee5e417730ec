using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>Which sessions of a person go on, and which links, when something about people changes.</summary>
public sealed class SessionListTests() : PeopleContract(new MemoryStore())
{
    private SessionStore Sessions => Host.Service<SessionStore>();

    private PersonStore People => Host.Service<PersonStore>();

    [Fact]
    public async Task FullList_MakesPlaceByWhatHasEnded()
    {
        var browser = await JoinAsync("ada@example.com", ["viewer"]);
        using var http = Host.Client(await CommandLineAsync(browser));
        for (var i = 0; i < 60; i++)
        {
            var begun = await BeginAsync();
            await Sessions.EndAsync(PersonStore.CallerOf(await AdaAsync()), begun.Resource.Id, default);
        }
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal("Your account", (await browser.GetAsync("/account")).Title);
        Assert.InRange((await AdaAsync()).Status.Sessions.Count, 3, 50);
    }

    [Fact]
    public async Task Disabling_ThatIsSeenLate_EndsNothingOfWhoWasLetInAgain()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        var disabled = await AdaAsync();
        disabled = disabled with { Spec = disabled.Spec with { Disabled = true } };
        var begun = await BeginAsync();
        await Sessions.EndIfDisabledAsync(disabled, default);
        using var http = Host.Client(begun.Text);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/organizations?org=" + Host.Org)).Status);
    }

    [Fact]
    public async Task Invitation_OfWhoWasRemoved_LetsNoOneIn()
    {
        var ada = await JoinAsync("ada@example.com", ["admin"]);
        using var line = Host.Client(await CommandLineAsync(ada));
        var (own, other) = (await InviteAsync(null, ["admin"], line), await InviteAsync(null, ["viewer"], line));
        var used = await InviteAsync(null, ["viewer"], line);
        var bob = await NewBrowser().PostAsync(used, null, ("email", "bob@example.com"), ("password", Password));
        Assert.StartsWith("Welcome", bob.Title, StringComparison.Ordinal);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/memberships/ada")).Status);
        var back = await ada.PostAsync(own, null, ("as", "self"));
        Assert.True(back.Status >= 400, back.Html);
        var eve = await NewBrowser().PostAsync(other, null, ("email", "eve@example.com"), ("password", Password));
        Assert.True(eve.Status >= 400, eve.Html);
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/memberships/ada")).Status);
        // Let in again, she may invite again.
        Assert.Equal(200, (await ada.PostAsync(await InviteAsync("ada@example.com", ["admin"]), null, ("as", "self"))).Status);
        using var again = Host.Client(await CommandLineAsync(ada));
        var cid = await NewBrowser().PostAsync(
            await InviteAsync(null, ["viewer"], again), null, ("email", "cid@example.com"), ("password", Password));
        Assert.StartsWith("Welcome", cid.Title, StringComparison.Ordinal);
        // With fewer roles, only to those that she could give now.
        var more = await InviteAsync(null, ["admin"], again);
        Assert.Equal(200, (await Admin.PatchAsync("/api/v1/memberships/ada", """{"spec":{"roles":["viewer"]}}""")).Status);
        var dan = await NewBrowser().PostAsync(more, null, ("email", "dan@example.com"), ("password", Password));
        Assert.True(dan.Status >= 400, dan.Html);
    }

    [Fact]
    public async Task Invitation_OfWhoIsNoOperatorAnyMore_LetsNoOneIntoOtherOrganizations()
    {
        using var line = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["admin", "operator"])));
        var (first, second) = (await InviteElsewhereAsync(line), await InviteElsewhereAsync(line));
        var bob = await NewBrowser().PostAsync(first, null, ("email", "bob@example.com"), ("password", Password));
        Assert.StartsWith("Welcome", bob.Title, StringComparison.Ordinal);
        Assert.Equal(200, (await Admin.PatchAsync("/api/v1/memberships/ada", """{"spec":{"roles":["admin"]}}""")).Status);
        Assert.Equal("This invitation is not valid", (await NewBrowser().GetAsync(second)).Title);

        Task<string> InviteElsewhereAsync(HttpClient by) => InviteAsync(null, ["viewer"], by, "?org=" + Host.OtherOrg);
    }

    [Fact]
    public async Task Browser_IsKnownNoMore_ByAnotherPassword()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var earlier = NewBrowser();
        Assert.Equal("/account", (await earlier.SignInAsync("ada@example.com", Password)).Path);
        Assert.Equal("Your account", (await ada.PostAsync(
            "/account/password", null, ("old", Password), ("password", "another long one"))).Title);
        for (var i = 0; i < 10; i++) await NewBrowser().SignInAsync("ada@example.com", "wrong " + i);
        Assert.Equal(429, (await earlier.SignInAsync("ada@example.com", "another long one")).Status);
        Assert.Equal("/account", (await ada.SignInAsync("ada@example.com", "another long one")).Path);
    }

    private async Task<Strata.Core.Resource<PersonSpec, PersonStatus>> AdaAsync() => (await People.FindByNameAsync("ada", default))!;

    private async Task<IssuedSession> BeginAsync()
    {
        var ada = await AdaAsync();
        var spec = new SessionSpec { Person = ada.Id, Client = SessionClients.Browser, Organization = Host.Org.ToString() };
        return (await Sessions.BeginAsync(ada, spec, default)).Value;
    }
}
