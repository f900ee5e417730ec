using System.Text.Json;

namespace Strata.Server.Tests.Support;

/// <summary>People of a cloud, who come in by the pages as a browser without scripts does.</summary>
public static class SignUp
{
    private const string Password = "correct horse battery";

    /// <summary>A person who accepts an invitation.</summary>
    /// <returns>The browser in which they are signed in; the caller disposes it.</returns>
    public static async Task<HttpClient> AcceptAsync(Cloud cloud, string link, string email)
    {
        var browser = new HttpClient { BaseAddress = cloud.ApiUrl };
        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        using var accepted = await PostAsync(browser, new Uri(link).AbsolutePath, ("email", email), ("password", Password));
        accepted.EnsureSuccessStatusCode();
        return browser;
    }

    /// <summary>The token that the command line gets when the person allows it in their browser.</summary>
    public static async Task<string> TokenAsync(HttpClient browser, string organization)
    {
        var asked = await FormAsync(browser, "/api/oauth/device", ("client_id", "strata-cli"));
        using var approved = await PostAsync(browser, "/device", ("user_code", asked.GetProperty("user_code").GetString()!),
            ("organization", organization), ("answer", "approve"));
        approved.EnsureSuccessStatusCode();
        var token = await FormAsync(browser, "/api/oauth/token", ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "strata-cli"), ("device_code", asked.GetProperty("device_code").GetString()!));
        return token.GetProperty("access_token").GetString()!;
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient browser, string path, params (string Name, string Value)[] form) =>
        browser.PostAsync(path, new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))));

    private static async Task<JsonElement> FormAsync(HttpClient browser, string path, params (string Name, string Value)[] form)
    {
        using var answer = await PostAsync(browser, path, form);
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync());
    }
}
