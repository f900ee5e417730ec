using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Contracts;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>A cloud at an address at which browsers make passkeys, and how a browser with a device of one's own uses them.</summary>
public abstract partial class PasskeyContract(IStore store) : PeopleContract(store)
{
    protected override IdentityOptions CloudOptions { get; } = new() { PublicUrl = new Uri("http://localhost") };

    /// <summary>Sends a form of a passkey, as the page's script does.</summary>
    /// <param name="page">That has the form.</param>
    internal static Task<Page> SendAsync(
        TestBrowser browser, Page page, Func<JsonElement, string> device, params (string Name, string Value)[] more)
    {
        var form = Form().Match(page.Html);
        Assert.True(form.Success, page.Html);
        var inner = form.Value;
        var fields = Field().Matches(inner).Select(m => (m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value))).ToList();
        var prefix = Credential().Match(inner).Groups[1].Value;
        var options = JsonElement.Parse(WebUtility.HtmlDecode(Offered().Match(inner).Groups[1].Value));
        return browser.PostAsync(form.Groups[1].Value, null, [.. fields, (prefix, device(options)), .. more]);
    }

    internal static async Task<Page> AddAsync(TestBrowser browser, TestAuthenticator device, string name = "Key") =>
        await SendAsync(browser, await browser.GetAsync("/account/passkeys/new"), device.Create, ("name", name));

    internal static async Task<Page> SignInAsync(TestBrowser browser, TestAuthenticator device) =>
        await SendAsync(browser, await browser.GetAsync("/sign-in"), device.Sign);

    protected async Task<PersonStatus> StatusAsync(string name) =>
        (await Host.Service<PersonStore>().FindByNameAsync(name, default))!.Status;

    /// <summary>As if all that a person has signed in to had been a while ago.</summary>
    protected async Task AgeAsync(string name, TimeSpan age)
    {
        var (people, sessions) = (Host.Service<PersonStore>(), Host.Service<SessionStore>());
        var person = (await people.FindByNameAsync(name, default))!;
        foreach (var session in await sessions.OfAsync(person, default))
        {
            var noted = await sessions.AuthenticatedAsync(person, session, TimeProvider.System.GetUtcNow() - age, default);
            Host.Service<SessionAuthenticator>().Forget(noted.Value);
        }
    }

    [GeneratedRegex("<form method=\"post\" action=\"([^\"]+)\" data-passkey.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("data-options=\"([^\"]+)\"")]
    private static partial Regex Offered();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex Field();

    [GeneratedRegex("name=\"([a-z-]+)\" data-credential")]
    private static partial Regex Credential();
}
