using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Invitations;
using Strata.Resources.Kinds;
using Strata.Api.Tests.Hosting;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

public sealed class MemorySignInTests() : SignInContract(new MemoryStore());

public sealed class PostgresSignInTests(TestServer server) : SignInContract(new PostgresDatabase(server));

/// <summary>The way of a person: invitation, account, browser, command line, end.</summary>
public abstract class SignInContract(IStore store) : PeopleContract(store)
{
    [Fact]
    public async Task Invitation_MakesAnAccount_AndTheCommandLineActsAsThePerson()
    {
        using var http = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["developer"])));
        var me = (await http.SendJsonAsync("GET", "/api/v1/access/me")).Body;
        Assert.Equal("person:ada", me.GetProperty("actor").GetString());
        Assert.Equal("ada@example.com", me.GetProperty("person").GetProperty("email").GetString());
        Assert.Equal(["developer"], me.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal(403, (await http.SendJsonAsync("GET", "/api/v1/people")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["viewer"]}}""")).Status);
        var organizations = (await http.SendJsonAsync("GET", "/api/v1/access/organizations")).Body.GetProperty("items");
        Assert.Equal([true], organizations.EnumerateArray().Select(o => o.GetProperty("isCurrent").GetBoolean()));
    }

    [Fact]
    public async Task Invitation_IsAcceptedOnce()
    {
        var link = await InviteAsync(null, ["viewer"]);
        var pages = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => NewBrowser().PostAsync(
            link, null, ("email", $"person-{i}@example.com"), ("password", Password))));
        Assert.Single(pages, p => p.Status == 200);
        Assert.Single((await Admin.SendJsonAsync("GET", "/api/v1/memberships")).Body.GetProperty("items").EnumerateArray());
        Assert.Single((await Admin.SendJsonAsync("GET", "/api/v1/people")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(404, (await NewBrowser().GetAsync(link)).Status);
    }

    [Fact]
    public async Task Invitation_ThatWasAccepted_LetsNobodyBackIn()
    {
        var link = await InviteAsync("ada@example.com", ["admin"]);
        var ada = NewBrowser();
        Assert.Equal(200, (await ada.PostAsync(link, null, ("password", Password))).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/memberships/ada")).Status);
        Assert.Equal(409, (await ada.PostAsync(link, null, ("as", "self"))).Status);
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/memberships/ada")).Status);
    }

    [Fact]
    public async Task Invitation_ThatWasCutOff_IsFinishedByTheSamePerson()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        var link = await InviteAsync("ada@example.com", ["viewer"], other);
        // As when the server was killed behind the first step.
        var store = new ResourceStore<InvitationSpec, InvitationStatus>(
            Host.Service<EntityEngine>(), InvitationKind.Kind, TimeProvider.System);
        var person = (await Admin.SendJsonAsync("GET", "/api/v1/people/ada")).Text("id");
        var open = (await other.SendJsonAsync("GET", "/api/v1/invitations")).Body.GetProperty("items")[0].GetProperty("id").GetString()!;
        var taken = await store.ChangeAsync(
            new Caller(Host.OtherOrg, "test"), open, i => i with { Status = i.Status with { Person = person } }, "accept", null, default);
        Assert.True(taken.IsOk);
        Assert.Equal(404, (await NewBrowser().GetAsync(link)).Status);
        Assert.Equal(200, (await ada.PostAsync(link, null, ("as", "self"))).Status);
        Assert.Equal("ada", await NameOfAsync("ada@example.com", other));
    }

    [Fact]
    public async Task Invitation_IsForItsAddress_AndAcceptedByThoseWhoHaveAnAccount()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        var forBob = await InviteAsync("bob@example.com", ["viewer"], other);
        Assert.Equal(409, (await ada.PostAsync(forBob, null, ("as", "self"))).Status);
        // What a form says about the address does not count.
        var page = await NewBrowser().PostAsync(forBob, null, ("email", "eve@example.com"), ("password", Password));
        Assert.Equal(200, page.Status);
        Assert.Equal("bob", await NameOfAsync("bob@example.com", other));
        var forAda = await InviteAsync("ADA@example.com", ["developer"], other);
        Assert.Equal(409, (await NewBrowser().PostAsync(forAda, null, ("email", "ada@example.com"), ("password", Password))).Status);
        Assert.Equal(200, (await ada.PostAsync(forAda, null, ("as", "self"))).Status);
        using var http = Host.Client(await CommandLineAsync(ada));
        Assert.Equal(2, (await http.SendJsonAsync("GET", "/api/v1/access/organizations")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Organization_IsOneOfThePersonsOwn_WithTheRolesThatTheyHaveThere()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        Assert.Equal(200, (await ada.PostAsync(await InviteAsync("ada@example.com", ["admin"], other), null, ("as", "self"))).Status);
        using var http = Host.Client(await CommandLineAsync(ada));
        const string Tokens = "/api/v1/tokens";
        Assert.Equal(403, (await http.SendJsonAsync("GET", Tokens)).Status);
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"{Tokens}?org={Host.OtherOrg}")).Status);
        var bob = Host.Client(await CommandLineAsync(await JoinAsync("bob@example.com", ["admin"])));
        using (bob)
        {
            Assert.Equal(404, (await bob.SendJsonAsync("GET", $"{Tokens}?org={Host.OtherOrg}")).Status);
            Assert.Equal(404, (await bob.SendJsonAsync("GET", $"{Tokens}?org=no-such")).Status);
        }
        // A membership that ends ends there only.
        Assert.Equal(200, (await other.SendJsonAsync("DELETE", "/api/v1/memberships/ada")).Status);
        await Wait.UntilAsync(async () => (await http.SendJsonAsync("GET", $"{Tokens}?org={Host.OtherOrg}")).Status == 404, "it has ended");
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
    }

    [Fact]
    public async Task Membership_ChangesAtOnce_AndNoFurtherThanItsGiver()
    {
        using var http = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["viewer"])));
        Assert.Equal(403, (await http.SendJsonAsync("GET", "/api/v1/tokens")).Status);
        Assert.Equal(200, (await Admin.PatchAsync("/api/v1/memberships/ada", """{"spec":{"roles":["admin"]}}""")).Status);
        await Wait.UntilAsync(async () => (await http.SendJsonAsync("GET", "/api/v1/tokens")).Status == 200, "the role holds");
        // An administrator of the organization is none of the cloud.
        Assert.Equal(403, (await http.PatchAsync("/api/v1/memberships/ada", """{"spec":{"roles":["admin","operator"]}}""")).Status);
        var invited = await http.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["operator"]}}""");
        Assert.Equal((403, "FORBIDDEN"), (invited.Status, invited.Code));
        Assert.Equal(400, (await http.PatchAsync("/api/v1/memberships/ada", """{"spec":{"roles":["no-such"]}}""")).Status);
        var another = await http.PatchAsync("/api/v1/memberships/ada", """{"spec":{"person":"per_01k9x3v7m8e2q4r6t8v0w2y4z6"}}""");
        Assert.Equal(400, another.Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/memberships/ada")).Status);
        await RefusedAsync(http);
    }

    [Fact]
    public async Task Operator_IsNotThrownOutByAnAdministrator_NorOneOfAProject()
    {
        await JoinAsync("root@example.com", ["admin", "operator"]);
        using var http = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["admin"])));
        Assert.Equal(403, (await http.PatchAsync("/api/v1/memberships/root", """{"spec":{"roles":["viewer"]}}""")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("DELETE", "/api/v1/memberships/root")).Status);
        var limited = await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["operator"],"project":"web"}}""");
        Assert.Equal(400, limited.Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/memberships/root")).Status);
    }

    [Fact]
    public async Task Sessions_AreThePersonsOwn_AndEndAtOnce()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var first = Host.Client(await CommandLineAsync(ada));
        using var second = Host.Client(await CommandLineAsync(ada));
        using var bob = Host.Client(await CommandLineAsync(await JoinAsync("bob@example.com", ["admin"])));
        var sessions = (await first.SendJsonAsync("GET", "/api/v1/access/sessions")).Body.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["strata-cli", "strata-cli", "browser"], sessions.Select(s => s.GetProperty("client").GetString()));
        var id = sessions.Single(s => s.GetProperty("isCurrent").GetBoolean()).GetProperty("id").GetString();
        Assert.Equal(404, (await bob.SendJsonAsync("DELETE", $"/api/v1/access/sessions/{id}")).Status);
        Assert.Equal(404, (await second.SendJsonAsync("DELETE", "/api/v1/access/sessions/nothing")).Status);
        Assert.Equal(204, (await second.SendJsonAsync("DELETE", $"/api/v1/access/sessions/{id}")).Status);
        Assert.Equal(204, (await second.SendJsonAsync("DELETE", $"/api/v1/access/sessions/{id}")).Status);
        await RefusedAsync(first);
        Assert.Equal(204, (await second.SendJsonAsync("DELETE", "/api/v1/access/sessions/current")).Status);
        await RefusedAsync(second);
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/access/sessions")).Status); // a token is no person
    }

    [Fact]
    public async Task Device_IsPendingUntilItIsAllowed_AndAnsweredOnce()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (device, code) = await AskDeviceAsync();
        Assert.Equal((400, "authorization_pending"), Refused(await PollAsync(device)));
        var page = await ada.GetAsync($"/device?user_code={code.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal)}");
        Assert.Contains("127.0.0.1", page.Html, StringComparison.Ordinal);
        // Of an organization that is not theirs nothing is allowed.
        await ada.PostAsync("/device", null, ("user_code", code), ("organization", Host.OtherOrg.ToString()), ("answer", "approve"));
        await Wait.UntilAsync( // sooner it is asked to slow down
            async () => Refused(await PollAsync(device)) == (400, "authorization_pending"), "the sign-in is pending");
        await ada.PostAsync("/device", null, ("user_code", code), ("organization", Host.Org.ToString()), ("answer", "approve"));
        var polls = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PollAsync(device)));
        Assert.Single(polls, p => p.Status == 200);
        Assert.Contains(Refused(await PollAsync(device)), new (int, string?)[] { (400, "expired_token"), (400, "invalid_grant") });
        Assert.Equal(404, (await ada.GetAsync($"/device?user_code={code}")).Status);
    }

    [Fact]
    public async Task Device_ThatAsksTooOften_IsSlowedDown_AndAnsweredAllTheSame()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (asked, body) = await PostFormAsync("/api/oauth/device", ("client_id", "strata-cli"));
        Assert.Equal((200, 2), (asked, body.GetProperty("interval").GetInt32()));
        var (device, code) = (body.GetProperty("device_code").GetString()!, body.GetProperty("user_code").GetString()!);
        Assert.Equal((400, "authorization_pending"), Refused(await PollAsync(device)));
        Assert.Equal((400, "slow_down"), Refused(await PollAsync(device)));
        // Another's pace is its own.
        var (other, _) = await AskDeviceAsync();
        Assert.Equal((400, "authorization_pending"), Refused(await PollAsync(other)));
        await ada.PostAsync("/device", null, ("user_code", code), ("organization", Host.Org.ToString()), ("answer", "approve"));
        Assert.Equal(200, (await PollAsync(device)).Status);
    }

    [Fact]
    public async Task Device_ThatWasAllowedBeforeANewPassword_GetsNothing()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (device, code) = await AskDeviceAsync();
        await ada.PostAsync("/device", null, ("user_code", code), ("organization", Host.Org.ToString()), ("answer", "approve"));
        Assert.Equal("Your account", (await ada.PostAsync(
            "/account/password", null, ("old", Password), ("password", "another long one"))).Title);
        Assert.Equal((400, "invalid_grant"), Refused(await PollAsync(device)));
    }

    [Fact]
    public async Task Device_ThatIsRefused_GetsNothing()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (device, code) = await AskDeviceAsync();
        Assert.Equal("Refused", (await ada.PostAsync("/device", null, ("user_code", code), ("answer", "deny"))).Title);
        Assert.Equal((400, "access_denied"), Refused(await PollAsync(device)));
        Assert.Equal((401, "invalid_client"), Refused(await PostFormAsync("/api/oauth/device", ("client_id", "someone"))));
        Assert.Equal(400, (await PollAsync("ey.not.a-code")).Status);
        Assert.Equal(400, (await PollAsync(device[..^4] + "AAAA")).Status);
    }

    [Fact]
    public async Task Password_ThatIsChanged_SignsOutEverywhereElse()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var http = Host.Client(await CommandLineAsync(ada));
        Assert.Equal(400, (await ada.PostAsync("/account/password", null, ("old", "wrong"), ("password", "another long one"))).Status);
        Assert.Equal(400, (await ada.PostAsync("/account/password", null, ("old", Password), ("password", "short"))).Status);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(200, (await ada.PostAsync("/account/password", null, ("old", Password), ("password", "another long one"))).Status);
        await RefusedAsync(http);
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        Assert.Equal(401, (await NewBrowser().SignInAsync("ada@example.com", Password)).Status);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("Ada@Example.com ", "another long one")).Path);
    }

    [Fact]
    public async Task PasswordLink_SetsOneOnce_AndIsForOperators()
    {
        var ada = await JoinAsync("ada@example.com", ["admin"]);
        using var http = Host.Client(await CommandLineAsync(ada));
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/people/ada/password-link")).Status);
        Assert.Equal(404, (await Admin.SendJsonAsync("POST", "/api/v1/people/bob/password-link")).Status);
        var earlier = new Uri((await Admin.SendJsonAsync("POST", "/api/v1/people/ada/password-link")).Text("link")).AbsolutePath;
        var link = new Uri((await Admin.SendJsonAsync("POST", "/api/v1/people/ada/password-link")).Text("link")).AbsolutePath;
        Assert.Equal(404, (await NewBrowser().GetAsync(earlier)).Status);
        Assert.Equal("Set a new password", (await NewBrowser().GetAsync(link)).Title);
        Assert.Equal(200, (await NewBrowser().PostAsync(link, null, ("password", "another long one"))).Status);
        Assert.Equal(404, (await NewBrowser().PostAsync(link, null, ("password", "yet another one"))).Status);
        await RefusedAsync(http);
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", "another long one")).Path);
    }

    /// <summary>It makes an operator, and must not lie open once it is not needed.</summary>
    [Fact]
    public async Task LinkForTheFirstPerson_IsRefused_OnceThereIsAnother()
    {
        var made = await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["admin"],"forFirst":true}}""");
        var path = new Uri(made.Text("link")).AbsolutePath;
        Assert.Equal(200, (await NewBrowser().GetAsync(path)).Status);
        await JoinAsync("ada@example.com", ["viewer"]);
        Assert.Equal(404, (await NewBrowser().GetAsync(path)).Status);
        Assert.Equal(404, (await NewBrowser().PostAsync(path, null, ("email", "eve@example.com"), ("password", Password))).Status);
        var late = await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["admin"],"forFirst":true}}""");
        Assert.Equal((400, "VALIDATION_FAILED"), (late.Status, late.Code)); // and no link is made that would never work
    }

    [Fact]
    public async Task Person_WhoIsDisabledOrRemoved_HasNoAccess()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var http = Host.Client(await CommandLineAsync(ada));
        Assert.Equal(200, (await Admin.PatchAsync("/api/v1/people/ada", """{"spec":{"disabled":true}}""")).Status);
        await RefusedAsync(http);
        Assert.Equal(401, (await NewBrowser().SignInAsync("ada@example.com", Password)).Status);
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
        Assert.Equal(200, (await Admin.PatchAsync("/api/v1/people/ada", """{"spec":{"disabled":false}}""")).Status);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path);
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status); // what was signed in before has ended
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/people/ada")).Status);
        await RefusedAsync(http);
        await Wait.UntilAsync(async () =>
        {
            await Host.Service<PeopleKeeper>().RunAsync(default); // so that its pause is not waited for
            return (await Admin.SendJsonAsync("GET", "/api/v1/people/ada")).Status == 404;
        }, "the feed has shown her removal, and she is gone");
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/memberships/ada")).Status);
        Assert.Empty((await Admin.SendJsonAsync("GET", "/api/v1/sessions")).Body.GetProperty("items").EnumerateArray());
        // Whoever has the name next does not get what was the other's.
        using var next = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["viewer"])));
        Assert.Equal("person:ada", (await next.SendJsonAsync("GET", "/api/v1/access/me")).Text("actor"));
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
    }

    [Fact]
    public async Task Sessions_ThatAreNotUsed_ExpireAndAreRemoved()
    {
        using var http = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["viewer"])));
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        var store = new SessionStore(
            new ResourceStore<SessionSpec, SessionStatus>(Host.Service<EntityEngine>(), SessionKind.Kind, time),
            Host.Service<PersonStore>(),
            Log, time);
        await store.SweepAsync(new Caller(TenantId.Platform, "test"), default);
        Assert.Equal(2, (await Admin.SendJsonAsync("GET", "/api/v1/sessions")).Body.GetProperty("items").GetArrayLength());
        time.Advance(SessionStore.IdleMax + TimeSpan.FromMinutes(1));
        await store.SweepAsync(new Caller(TenantId.Platform, "test"), default);
        Assert.Empty((await Admin.SendJsonAsync("GET", "/api/v1/sessions")).Body.GetProperty("items").EnumerateArray());
        await RefusedAsync(http);
    }

    [Fact]
    public async Task Access_IsExplainedForPeople()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        var explained = await Admin.SendJsonAsync("GET", "/api/v1/access/explain?who=person/ada&permission=projects.read");
        Assert.Equal((200, true), (explained.Status, explained.Body.GetProperty("allowed").GetBoolean()));
        var holders = await Admin.SendJsonAsync("GET", "/api/v1/access/holders?permission=projects.read");
        Assert.Contains(holders.Body.GetProperty("items").EnumerateArray(), h => h.GetProperty("actor").GetString() == "person:ada");
    }

    [Fact]
    public async Task Secrets_ArePartOfNoAnswer()
    {
        using var http = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["admin"])));
        await InviteAsync("bob@example.com", ["viewer"]);
        await Admin.SendJsonAsync("POST", "/api/v1/people/ada/password-link");
        foreach (var kind in new[] { "people", "sessions", "invitations", "memberships" })
        {
            var list = (await Admin.SendJsonAsync("GET", $"/api/v1/{kind}")).Body;
            var id = list.GetProperty("items")[0].GetProperty("id").GetString();
            var history = (await Admin.SendJsonAsync("GET", $"/api/v1/{kind}/{id}/history")).Body;
            foreach (var text in new[] { list.ToString(), history.ToString() })
            {
                Assert.DoesNotContain("secretHash", text, StringComparison.Ordinal);
                Assert.DoesNotContain("argon2", text, StringComparison.Ordinal);
                Assert.DoesNotContain("sealed1", text, StringComparison.Ordinal);
                Assert.DoesNotContain("resetHash", text, StringComparison.Ordinal);
            }
        }
        Assert.Equal(400, (await Admin.SendJsonAsync("GET", "/api/v1/people?status.password=x")).Status);
    }

    private static (int, string?) Refused((int Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("error").GetString());
}
