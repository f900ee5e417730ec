using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>How people come in, sign in and lose access again: by the pages and the API, as they do.</summary>
public abstract class PeopleContract(IStore store) : IdentityContract(store)
{
    protected const string Password = "correct horse battery";

    private readonly List<TestBrowser> browsers = [];

    protected TestBrowser NewBrowser()
    {
        var browser = new TestBrowser(Host.Address);
        browsers.Add(browser);
        return browser;
    }

    /// <returns>The path of the link.</returns>
    protected async Task<string> InviteAsync(string? email, string[] roles, HttpClient? by = null, string query = "")
    {
        var made = await (by ?? Admin).SendJsonAsync(
            "POST", "/api/v1/invitations" + query, JsonSerializer.Serialize(new { spec = new { email, roles } }, WireJson.Options));
        Assert.True(made.Status == 201, made.Body.ToString());
        var link = new Uri(made.Text("link"));
        Assert.Equal(CloudOptions.PublicUrl.Host, link.Host);
        return link.AbsolutePath;
    }

    /// <summary>A person with an account, in a browser in which they are signed in.</summary>
    protected async Task<TestBrowser> JoinAsync(string email, string[] roles, HttpClient? by = null, string query = "")
    {
        var browser = NewBrowser();
        var link = await InviteAsync(email, roles, by, query);
        var page = await browser.PostAsync(link, null, ("email", email), ("password", Password), ("name", "Ada <Lovelace>"));
        Assert.True(page.Status == 200 && page.Title.StartsWith("Welcome", StringComparison.Ordinal), page.Html);
        return browser;
    }

    protected async Task<(string DeviceCode, string UserCode)> AskDeviceAsync()
    {
        var (status, body) = await PostFormAsync("/api/oauth/device", ("client_id", "strata-cli"));
        Assert.True(status == 200, body.ToString());
        Assert.Equal(CloudOptions.LinkTo("/device"), body.GetProperty("verification_uri").GetString());
        Assert.Equal(
            CloudOptions.LinkTo($"/device?user_code={body.GetProperty("user_code").GetString()}"),
            body.GetProperty("verification_uri_complete").GetString());
        return (body.GetProperty("device_code").GetString()!, body.GetProperty("user_code").GetString()!);
    }

    protected Task<(int Status, JsonElement Body)> PollAsync(string deviceCode) => PostFormAsync(
        "/api/oauth/token", ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("client_id", "strata-cli"),
        ("device_code", deviceCode));

    /// <summary>The token that the command line of a signed-in person gets.</summary>
    protected async Task<string> CommandLineAsync(TestBrowser browser, TenantId? organization = null)
    {
        var (device, code) = await AskDeviceAsync();
        var answered = await browser.PostAsync(
            "/device", null, ("user_code", code), ("organization", (organization ?? Host.Org).ToString()), ("answer", "approve"));
        Assert.True(answered.Title == "Done", answered.Html);
        var (status, body) = await PollAsync(device);
        Assert.True(status == 200, body.ToString());
        return body.GetProperty("access_token").GetString()!;
    }

    protected async Task<(int Status, JsonElement Body)> PostFormAsync(string path, params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        using var answer = await http.PostAsync(path, new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))));
        return ((int)answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync()));
    }

    /// <summary>The name of a person, of whom the organization knows the address.</summary>
    protected async Task<string> NameOfAsync(string email, HttpClient? by = null)
    {
        var found = await (by ?? Admin).SendJsonAsync("GET", $"/api/v1/memberships?spec.email={Uri.EscapeDataString(email)}");
        return found.Body.GetProperty("items")[0].GetProperty("name").GetString()!;
    }

    protected static Task RefusedAsync(HttpClient http, string path = "/api/v1/access/me") =>
        Wait.UntilAsync(async () => (await http.SendJsonAsync("GET", path)).Status == 401, "the session is refused");
}
