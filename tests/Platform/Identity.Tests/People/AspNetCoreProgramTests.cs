using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>A web application with ASP.NET Core's own OpenID Connect handler: sign-in, who it is, sign-out.</summary>
public sealed class AspNetCoreProgramTests() : ProgramContract(new MemoryStore())
{
    [Fact]
    public async Task Handler_SignsAPersonIn_AndOutAgain()
    {
        await RegisterAsync(
            ("redirectUris", new[] { "http://127.0.0.1/signin-oidc" }),
            ("postLogoutRedirectUris", new[] { "http://127.0.0.1/signout-callback-oidc" }));
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await using var program = await StartProgramAsync();
        using var handler = new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() };
        using var shop = new HttpClient(handler) { BaseAddress = new Uri(program.Urls.First()) };

        var asked = await ada.GetAsync(WhereOf(await LocationAsync(shop, "/")));
        Assert.Equal("Sign in to Shop &amp; more", asked.Title);
        var back = await ada.PostLocationAsync("/api/oauth/authorize", [.. FieldsOf(asked), ("answer", "approve")]);
        Assert.Equal("/", WhereOf(await LocationAsync(shop, back)));
        var known = JsonElement.Parse(await shop.GetStringAsync("/"));
        Assert.Equal(
            ("Ada <Lovelace>", "ada@example.com"), (known.GetProperty("name").GetString(), known.GetProperty("email").GetString()));
        using var api = Host.Client(known.GetProperty("access").GetString()!);
        Assert.Equal(200, (await api.SendJsonAsync("GET", "/api/oauth/userinfo")).Status);

        var left = await LocationAsync(shop, "/leave");
        Assert.StartsWith("http://strata.test/api/oauth/logout?", left, StringComparison.Ordinal);
        var page = await ada.GetAsync(WhereOf(left));
        Assert.Equal("Signed out of Shop &amp; more", page.Title);
        await RefusedAsync(api, "/api/oauth/userinfo");
        var home = await ada.PostLocationAsync("/api/oauth/logout", [.. FieldsOf(page), ("answer", "everything")]);
        Assert.StartsWith($"{shop.BaseAddress}signout-callback-oidc?state=", home, StringComparison.Ordinal);
        Assert.Equal("/left", WhereOf(await LocationAsync(shop, home)));
        Assert.StartsWith("/api/oauth/authorize", WhereOf(await LocationAsync(shop, "/")), StringComparison.Ordinal);
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
    }

    private async Task<WebApplication> StartProgramAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthorization();
        builder.Services.AddAuthentication(options =>
        {
            options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
        }).AddCookie().AddOpenIdConnect(options =>
        {
            options.Authority = "http://strata.test/api";
            options.RequireHttpsMetadata = false;
            (options.ClientId, options.ClientSecret) = (ClientId, Secret);
            (options.ResponseType, options.ResponseMode) = ("code", "query");
            (options.SaveTokens, options.GetClaimsFromUserInfoEndpoint, options.MapInboundClaims) = (true, true, false);
            options.Scope.Add("email");
            options.SignedOutRedirectUri = "/left";
            options.BackchannelHttpHandler = new ToHost(Host.Address); // it knows the cloud by its public name
            foreach (var cookie in (CookieBuilder[])[options.NonceCookie, options.CorrelationCookie]) // this program has no https
                (cookie.SecurePolicy, cookie.SameSite) = (CookieSecurePolicy.SameAsRequest, SameSiteMode.Lax);
        });
        var app = builder.Build();
        app.UseAuthentication().UseAuthorization();
        app.MapGet("/", async (HttpContext http, CancellationToken _) => Results.Json(new
        {
            name = http.User.FindFirstValue("name"), email = http.User.FindFirstValue("email"),
            access = await http.GetTokenAsync("access_token"),
        })).RequireAuthorization();
        app.MapGet("/leave", () => Results.SignOut(
            null, [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]));
        await app.StartAsync();
        return app;
    }

    private static string WhereOf(string location) =>
        Uri.TryCreate(location, UriKind.Absolute, out var uri) && uri.Scheme != Uri.UriSchemeFile ? uri.PathAndQuery : location;

    private static async Task<string> LocationAsync(HttpClient shop, string path)
    {
        using var answer = await shop.GetAsync(path);
        return answer.Headers.Location?.ToString() ?? $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
    }

    private sealed class ToHost(Uri address) : DelegatingHandler(new HttpClientHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(address, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
