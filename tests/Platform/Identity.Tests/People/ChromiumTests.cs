using System.Text.Json;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>The pages, their script and their policy in a real browser, whose device is a virtual one.</summary>
public sealed class ChromiumTests() : PeopleContract(new MemoryStore())
{
    private const string Site = "http://strata.localhost";

    protected override IdentityOptions CloudOptions { get; } = new() { PublicUrl = new Uri(Site) };

    [Fact]
    public async Task Passkey_IsMadeUsedAndRemoved()
    {
        Assert.SkipWhen(TestChromium.Program is null, "There is no Chromium: install the package chromium.");
        await using var browser = await TestChromium.StartAsync("strata.localhost:80", Host.Address.Port);
        var device = await browser.AddAuthenticatorAsync();

        await browser.OpenAsync(Site + await InviteAsync("ada@example.com", ["viewer"]));
        await FillAsync(browser, ("password", Password));
        await browser.TitledAsync("Welcome to default");
        await browser.OpenAsync(Site + "/account/passkeys/new");
        await FillAsync(browser, ("name", "Virtual key"));
        await browser.TitledAsync("Keep these recovery codes");
        Assert.Single(await CredentialsAsync(browser, device));

        await SignInAloneAsync(browser, device);
        await browser.TitledAsync("Your account");
        Assert.True(await browser.IsAsync("document.body.innerText.includes('Virtual key')"));

        await SignOutAsync(browser, device);
        await FillAsync(browser, ("email", "ada@example.com"), ("password", Password));
        await browser.TitledAsync("Two-factor authentication");
        await ClickAsync(browser, device);
        await browser.TitledAsync("Your account");

        await CountAsync(browser, device, 1000);
        await SignInAloneAsync(browser, device);
        await browser.TitledAsync("Your account");
        await CountAsync(browser, device, 1);
        await SignInAloneAsync(browser, device);
        await browser.UntilAsync("document.body.innerText.includes('as if there were a copy')", "it is refused");
        await CountAsync(browser, device, 2000);
        await SignInAloneAsync(browser, device);
        await browser.TitledAsync("Your account");
        Assert.True(await browser.IsAsync("document.body.innerText.includes('There may be a copy of it')"));

        await browser.RunAsync("document.querySelector('form[action=\"/account/passkeys/remove\"] button').click()");
        await browser.UntilAsync("document.body.innerText.includes('The passkey is removed.')", "it is removed");
        await SignInAloneAsync(browser, device);
        await browser.UntilAsync("document.querySelector('[role=alert]:not([hidden])') !== null", "it opens nothing");
        Assert.Empty(browser.Violations);
    }

    [Fact]
    public async Task SignIn_WithoutScripts_GoesOn()
    {
        Assert.SkipWhen(TestChromium.Program is null, "There is no Chromium: install the package chromium.");
        await using var browser = await TestChromium.StartAsync("strata.localhost:80", Host.Address.Port);
        await JoinAsync("ada@example.com", ["viewer"]);
        await browser.SendAsync("Emulation.setScriptExecutionDisabled", new { value = true });
        await browser.OpenAsync(Site + "/sign-in");
        Assert.True(await browser.IsAsync("document.querySelector('form[data-passkey]').hidden"));
        Assert.True(await browser.IsAsync("document.body.innerText.includes('Passkeys need JavaScript')"));
    }

    /// <summary>
    /// Leaves with the session. The device is not touched meanwhile: it would answer what the page proposes (conditional mediation) at
    /// once.
    /// </summary>
    private static async Task SignOutAsync(TestChromium browser, string device)
    {
        await browser.TouchAsync(device, false);
        // An answer that is still under way may bring the session's cookie back.
        await Wait.UntilAsync(async () =>
        {
            await browser.SendAsync("Network.clearBrowserCookies", new { });
            await browser.OpenAsync(Site + "/sign-in");
            return await browser.IsAsync("location.pathname === '/sign-in'");
        }, "the browser is signed out");
        await browser.TitledAsync("Sign in");
    }

    private static async Task SignInAloneAsync(TestChromium browser, string device)
    {
        await SignOutAsync(browser, device);
        await ClickAsync(browser, device);
    }

    /// <summary>Has the page's script ask for a passkey.</summary>
    private static async Task ClickAsync(TestChromium browser, string device)
    {
        await browser.UntilAsync("document.querySelector('form[data-passkey]:not([hidden]) button') !== null", "the script runs");
        await browser.TouchAsync(device, true);
        await browser.RunAsync("document.querySelector('form[data-passkey] button')?.click()");
    }

    /// <summary>Enters values, and sends the form that has the last one.</summary>
    private static async Task FillAsync(TestChromium browser, params (string Name, string Value)[] fields)
    {
        foreach (var (name, value) in fields)
            await browser.RunAsync($"document.querySelector('main [name=\"{name}\"]').value = {JsonSerializer.Serialize(value)}");
        var form = $"document.querySelector('main [name=\"{fields[^1].Name}\"]').form";
        await browser.UntilAsync($"!{form}.hidden", "the form is shown");
        await browser.RunAsync($"{form}.querySelector('button').click()");
    }

    private static async Task<IReadOnlyList<JsonElement>> CredentialsAsync(TestChromium browser, string device) =>
        [.. (await browser.SendAsync("WebAuthn.getCredentials", new { authenticatorId = device }))
            .GetProperty("credentials").EnumerateArray()];

    /// <summary>Has the device count from another number on, as a copy of it would.</summary>
    private static async Task CountAsync(TestChromium browser, string device, int count)
    {
        var known = (await CredentialsAsync(browser, device)).Single();
        await browser.SendAsync(
            "WebAuthn.removeCredential", new { authenticatorId = device, credentialId = known.GetProperty("credentialId") });
        var copy = known.EnumerateObject().ToDictionary(p => p.Name, p => (object)p.Value);
        copy["signCount"] = count;
        await browser.SendAsync("WebAuthn.addCredential", new { authenticatorId = device, credential = copy });
    }
}
