using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Web;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>A program that people sign in to, as its library has it: the addresses, the code, the tokens.</summary>
public abstract partial class ProgramContract(IStore store) : PeopleContract(store)
{
    protected const string Callback = "https://shop.example.com/callback";
    protected const string SignedOut = "https://shop.example.com/signed-out";
    private const string Verifier = "a-verifier-that-is-long-enough-for-the-standard-0123456789";

    private static readonly string Challenge =
        System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    protected string ClientId { get; private set; } = "";

    protected string Secret { get; private set; } = "";

    protected static string PathOf(string id) => "/api/v1/clients/cli_" + id[^26..];

    /// <param name="more">Members of the client's spec beside its addresses.</param>
    protected async Task RegisterAsync(params (string Name, object Value)[] more)
    {
        (ClientId, Secret) = await CreateClientAsync();
        var spec = new Dictionary<string, object>
        {
            ["redirectUris"] = new[] { Callback, "http://127.0.0.1/back" }, ["displayName"] = "Shop & more",
            ["postLogoutRedirectUris"] = new[] { SignedOut, "http://127.0.0.1/signed-out" },
        };
        foreach (var (name, value) in more) spec[name] = value;
        var patched = await Admin.PatchAsync(PathOf(ClientId), JsonSerializer.Serialize(new { spec }));
        Assert.True(patched.Status == 200, patched.Body.ToString());
    }

    protected string Authorize(string scope, bool pkce = true) => "/api/oauth/authorize?response_type=code&state=s-1&nonce=n-1"
        + $"&client_id={ClientId}&redirect_uri={Uri.EscapeDataString(Callback)}&scope={Uri.EscapeDataString(scope)}"
        + (pkce ? $"&code_challenge={Challenge}&code_challenge_method=S256" : "");

    protected static string PolicyOf(Page page) => page.Headers.GetValues("Content-Security-Policy").Single();

    protected static (string, string)[] FieldsOf(Page page) => [.. Hidden().Matches(page.Html)
        .Select(m => (HttpUtility.HtmlDecode(m.Groups[1].Value), HttpUtility.HtmlDecode(m.Groups[2].Value)))];

    /// <returns>The code that the program gets.</returns>
    protected static async Task<string> AllowAsync(TestBrowser browser, Page asked)
    {
        var location = await browser.PostLocationAsync("/api/oauth/authorize", [.. FieldsOf(asked), ("answer", "approve")]);
        var query = HttpUtility.ParseQueryString(new Uri(location).Query);
        Assert.StartsWith(Callback, location, StringComparison.Ordinal);
        Assert.Equal("s-1", query["state"]);
        return query["code"]!;
    }

    protected async Task<JsonElement> TokensAsync(string code)
    {
        var (status, body) = await ExchangeAsync(code);
        Assert.True(status == 200, body.ToString());
        return body;
    }

    protected Task<(int Status, JsonElement Body)> ExchangeAsync(
        string code, string? verifier = null, string? callback = null, string? secret = null) => PostFormAsync(
        "/api/oauth/token", ("grant_type", "authorization_code"), ("client_id", ClientId), ("client_secret", secret ?? Secret),
        ("code", code), ("redirect_uri", callback ?? Callback), ("code_verifier", verifier ?? Verifier));

    protected Task<(int Status, JsonElement Body)> RefreshAsync(string token) => PostFormAsync(
        "/api/oauth/token", ("grant_type", "refresh_token"), ("client_id", ClientId), ("client_secret", Secret), ("refresh_token", token));

    protected Task<(int Status, JsonElement Body)> RevokeAsync(string token, string secret) =>
        PostFormAsync("/api/oauth/revoke", ("token", token), ("client_id", ClientId), ("client_secret", secret));

    [GeneratedRegex("type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
