using System.Text.RegularExpressions;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>What is dangerous takes a fresh sign-in, and an organization can require a second factor of its people.</summary>
public sealed partial class StepUpTests() : PasskeyContract(new MemoryStore())
{
    private static readonly TimeSpan Old = TimeSpan.FromMinutes(16);

    [Fact]
    public async Task Page_AsksAgainInItsPlace_AndGoesOn()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AgeAsync("ada", Old);
        var asked = await ada.GetAsync("/account/passkeys/new");
        Assert.Equal((403, "Confirm that it is you"), (asked.Status, asked.Title));
        var wrong = await ada.PostAsync("/account/again", null, ("return", "/account/passkeys/new"), ("again-password", "wrong one"));
        Assert.Equal("Confirm that it is you", wrong.Title);
        Assert.Equal("/account/passkeys/new", (await ada.PostAsync(
            "/account/again", null, ("return", "/account/passkeys/new"), ("again-password", Password))).Path);
        await AgeAsync("ada", Old);
        // The form itself has the password: nothing more is asked for.
        Assert.Equal("/account?changed=password", (await ada.PostAsync(
            "/account/password", null, ("old", Password), ("password", "another long one"))).Path);
    }

    [Fact]
    public async Task Page_AsksForBothFactors_OrAPasskeyThatIsBoth()
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AddAsync(ada, device);
        await AgeAsync("ada", Old);
        var form = new[] { ("old", Password), ("password", "another long one") };
        var asked = await ada.PostAsync("/account/password", null, form);
        Assert.Equal((403, "Confirm that it is you"), (asked.Status, asked.Title));
        Assert.Contains("name=\"again-half\"", asked.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("again-password", asked.Html, StringComparison.Ordinal);
        Assert.Equal("/account?changed=password", (await SendAsync(ada, asked, device.Sign)).Path);
        var half = await NewBrowser().SignInAsync("ada@example.com", "another long one");
        Assert.StartsWith("/sign-in/second", half.Path, StringComparison.Ordinal);
        await AgeAsync("ada", Old);
        var alone = await ada.GetAsync("/account/second");
        device.Verifies = false; // one factor only
        Assert.Equal("Confirm that it is you", (await SendAsync(ada, alone, device.Sign)).Title);
        device.Verifies = true;
        Assert.Equal("/account/second", (await SendAsync(ada, await ada.GetAsync("/account/second"), device.Sign)).Path);
    }

    [Fact]
    public async Task Half_OfAnotherSession_IsNoPassword()
    {
        using var device = new TestAuthenticator { Verifies = false };
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AddAsync(ada, device);
        var half = await ada.SignInAsync("ada@example.com", Password);
        await SendAsync(ada, half, device.Sign);
        await AgeAsync("ada", Old);
        var asked = await ada.PostAsync("/account/password", null, ("old", Password), ("password", "another long one"));
        var kept = Half().Match(asked.Html).Groups[1].Value;
        var other = NewBrowser();
        await SendAsync(other, await other.SignInAsync("ada@example.com", Password), device.Sign);
        await AgeAsync("ada", Old);
        var refused = await other.PostAsync(
            "/account/password", null, ("password", "another long one"), ("again-half", kept), ("again-code", "whatever"));
        Assert.Contains("again-password", refused.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Api_RefusesWhatIsDangerous_UntilThePersonHasConfirmed()
    {
        var ada = await JoinAsync("ada@example.com", ["admin", "operator"]);
        await JoinAsync("bob@example.com", ["viewer"]);
        var token = await CommandLineAsync(ada);
        using var line = Host.Client(token);
        var bob = await NameOfAsync("bob@example.com");
        await AgeAsync("ada", Old);
        await RefusedAsync("PATCH", $"/api/v1/memberships/{bob}", """{"spec":{"roles":["admin"]}}""");
        await RefusedAsync("DELETE", $"/api/v1/memberships/{bob}");
        await RefusedAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["admin"]}}""");
        await RefusedAsync("POST", "/api/v1/people/bob/password-link");
        await RefusedAsync("DELETE", "/api/v1/people/bob/second-factor");
        await RefusedAsync("PATCH", "/api/v1/people/bob", """{"spec":{"disabled":true}}""");
        await RefusedAsync("DELETE", "/api/v1/people/bob");
        await RefusedAsync("POST", "/api/v1/people/bob/transitions/remove");
        await RefusedAsync("DELETE", "/api/v1/sessions/" + (await StatusAsync("bob")).Sessions[0]);
        await RefusedAsync("PUT", "/api/v1/access/two-factor", """{"required":true}""");
        await RefusedAsync("PATCH", $"/api/v1/memberships/{bob}", """{"spec":{"project":null}}""");
        foreach (var administrates in new[] { """{"roles":["admin"]}""", """{"roles":["owner"]}""" })
            await RefusedAsync("POST", "/api/v1/tokens", $$"""{"name":"t","spec":{{administrates}}}""");
        await RefusedAsync("POST", "/api/v1/roles", """{"name":"r","spec":{"permissions":["deployments.read"]}}""");
        await RefusedAsync("POST", "/api/v1/teams", """{"name":"t","spec":{"members":["bob"]}}""");
        await RefusedAsync("POST", "/api/v1/bindings", """{"name":"b","spec":{"subjects":["person/bob"],"roles":["viewer"]}}""");
        await RefusedAsync("POST", "/api/v1/organizations", """{"name":"other","spec":{}}""");
        await RefusedAsync("PATCH", $"/api/v1/organizations/{Host.Org}", """{"spec":{"displayName":"Ours"}}""");
        await RefusedAsync("POST", "/api/clients?withAdminRole=true");
        await RefusedAsync("PUT", "/api/clients/a1b2c3d4/secret");
        await RefusedAsync("DELETE", "/api/clients/a1b2c3d4");
        await RefusedAsync("POST", "/api/oauth/keys/keypair", """{"audience":"client","algorithm":"RS256"}""");
        await RefusedAsync("POST", "/api/oauth/keys/trusted", """{"keyId":"k","jwk":{}}""");
        await RefusedAsync("POST", "/api/oauth/oidc/providers", """{"issuer":"https://id.example.com"}""");
        Assert.Equal(200, (await line.PatchAsync($"/api/v1/memberships/{bob}", """{"spec":{"roles":["developer"]}}""")).Status);
        Assert.Equal(201, (await line.SendJsonAsync(
            "POST", "/api/v1/tokens", """{"name":"ci","spec":{"roles":["developer"]}}""")).Status);
        Assert.False((await line.SendJsonAsync("GET", "/api/v1/access/step-up")).Body.GetProperty("isFresh").GetBoolean());

        var asked = await line.SendJsonAsync("POST", "/api/v1/access/step-up");
        var page = new Uri(asked.Text("page")).PathAndQuery;
        var shown = await ada.GetAsync(page);
        Assert.Contains(asked.Text("code"), shown.Html, StringComparison.Ordinal);
        Assert.Equal(404, (await (await JoinAsync("eve@example.com", ["viewer"])).GetAsync(page)).Status);
        Assert.Equal("Confirm that it is you", (await ada.PostAsync("/step-up", null, ("code", asked.Text("code")))).Title);
        Assert.Equal("Done", (await ada.PostAsync(
            "/step-up", null, ("code", asked.Text("code")), ("again-password", Password))).Title);
        Assert.True((await line.SendJsonAsync("GET", "/api/v1/access/step-up")).Body.GetProperty("isFresh").GetBoolean());
        Assert.Equal(200, (await line.PatchAsync($"/api/v1/memberships/{bob}", """{"spec":{"roles":["admin"]}}""")).Status);
        Assert.Equal(404, (await ada.PostAsync("/step-up", null, ("code", asked.Text("code")))).Status);

        async Task RefusedAsync(string method, string path, string? body = null)
        {
            var answer = method == "PATCH" ? await line.PatchAsync(path, body!) : await line.SendJsonAsync(method, path, body);
            Assert.True(answer.Status == 403 && answer.Text("code") == "STEP_UP_REQUIRED",
                $"{method} {path}: {answer.Status} {answer.Body}");
            Assert.Contains("strata login --step-up", answer.Text("next"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Operator_WithoutASecondFactor_EntersNoOrganizationThatRequiresOne()
    {
        var strict = await Admin.SendJsonAsync("POST", "/api/v1/organizations", """{"name":"strict","spec":{}}""");
        Assert.Equal(201, strict.Status);
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["admin", "operator"]);
        using var line = Host.Client(await CommandLineAsync(ada));
        const string Me = "/api/v1/projects?org=strict";
        Assert.Equal(200, (await line.SendJsonAsync("GET", Me)).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("PUT", "/api/v1/access/two-factor?org=strict", """{"required":true}""")).Status);
        await Wait.UntilAsync(async () =>
            (await line.SendJsonAsync("GET", Me)).Text("code") == "TWO_FACTOR_REQUIRED", "she has a password alone");
        Assert.Equal(200, (await Admin.SendJsonAsync("GET", Me)).Status); // a token is no person
        await AddAsync(ada, device);
        await Wait.UntilAsync(async () => (await line.SendJsonAsync("GET", Me)).Status == 200, "the passkey counts");
    }

    [Fact]
    public async Task Organization_ThatRequiresTwoFactor_GrantsNothingWithout()
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["admin"]);
        using var line = Host.Client(await CommandLineAsync(ada));
        var own = await line.SendJsonAsync("PUT", "/api/v1/access/two-factor", """{"required":true}""");
        Assert.Equal((409, "TWO_FACTOR_MISSING"), (own.Status, own.Text("code")));
        await AddAsync(ada, device);
        var bob = await JoinAsync("bob@example.com", ["viewer"]);
        using var bobs = Host.Client(await CommandLineAsync(bob));
        Assert.Equal(200, (await bobs.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        await Wait.UntilAsync(async () =>
            (await line.SendJsonAsync("PUT", "/api/v1/access/two-factor", """{"required":true}""")).Status == 200, "the passkey counts");
        await Wait.UntilAsync(
            async () => (await bobs.SendJsonAsync("GET", "/api/v1/access/me")).Status == 403, "the second factor is asked for");
        var refused = await bobs.SendJsonAsync("GET", "/api/v1/access/me");
        Assert.Equal("TWO_FACTOR_REQUIRED", refused.Text("code"));
        Assert.Contains("requires two-factor authentication", (await bob.GetAsync("/account")).Html, StringComparison.Ordinal);
        var (_, code) = await AskDeviceAsync();
        Assert.Equal(403, (await bob.PostAsync(
            "/device", null, ("user_code", code), ("organization", Host.Org.ToString()), ("answer", "approve"))).Status);
        Assert.Equal(200, (await line.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("GET", "/api/v1/access/me")).Status);

        using var his = new TestAuthenticator();
        await AddAsync(bob, his);
        await Wait.UntilAsync(async () => (await bobs.SendJsonAsync("GET", "/api/v1/access/me")).Status == 200, "he has one");
        var history = await Admin.SendJsonAsync("GET", $"/api/v1/organizations/{Host.Org}/history");
        Assert.Contains("person:ada", history.Body.ToString(), StringComparison.Ordinal);
    }

    [GeneratedRegex("name=\"again-half\" value=\"([^\"]+)\"")]
    private static partial Regex Half();
}
