using System.Net;
using System.Text.RegularExpressions;

namespace Strata.Identity.Tests.People;

/// <summary>A browser without scripts: keeps cookies, follows redirects, says where its forms come from.</summary>
public sealed partial class TestBrowser : IDisposable
{
    private readonly HttpClientHandler handler = new() { CookieContainer = new CookieContainer() };
    private readonly HttpClient http;

    public TestBrowser(Uri address)
    {
        http = new HttpClient(handler) { BaseAddress = address };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36");
    }

    public CookieCollection Cookies => handler.CookieContainer.GetCookies(http.BaseAddress!);

    public async Task<Page> GetAsync(string path) => await PageOf(await http.GetAsync(path));

    /// <param name="origin">Null: that of the page itself.</param>
    public async Task<Page> PostAsync(string path, string? origin, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))),
        };
        request.Headers.Add("Origin", origin ?? http.BaseAddress!.GetLeftPart(UriPartial.Authority));
        return await PageOf(await http.SendAsync(request));
    }

    /// <summary>Of what is at a path.</summary>
    public async Task<string?> ContentTypeAsync(string path)
    {
        using var answer = await http.GetAsync(path);
        return answer.Content.Headers.ContentType?.MediaType;
    }

    /// <summary>Where a page sends the browser, to another site.</summary>
    public async Task<string> LocationAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await LocationOfAsync(request);
    }

    public async Task<string> PostLocationAsync(string path, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))),
        };
        request.Headers.Add("Origin", http.BaseAddress!.GetLeftPart(UriPartial.Authority));
        return await LocationOfAsync(request);
    }

    private async Task<string> LocationOfAsync(HttpRequestMessage request)
    {
        using var staying = new HttpClientHandler { CookieContainer = handler.CookieContainer, AllowAutoRedirect = false };
        using var client = new HttpClient(staying) { BaseAddress = http.BaseAddress };
        using var response = await client.SendAsync(request);
        return response.Headers.Location?.ToString() ?? $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    public Task<Page> SignInAsync(string email, string password, string wanted = "/account") =>
        PostAsync("/sign-in", null, ("email", email), ("password", password), ("return", wanted));

    public void Dispose()
    {
        http.Dispose();
        handler.Dispose();
    }

    private static async Task<Page> PageOf(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            var path = response.RequestMessage!.RequestUri!.PathAndQuery;
            return new Page((int)response.StatusCode, path, Title().Match(text).Groups[1].Value, text, response.Headers);
        }
    }

    [GeneratedRegex("<h1>(.*?)</h1>")]
    private static partial Regex Title();
}

/// <param name="Path">Where it is in the end.</param>
public sealed record Page(int Status, string Path, string Title, string Html, System.Net.Http.Headers.HttpResponseHeaders Headers);
