using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>What the contracts of this module have in common: a host with two organizations, and how clients get tokens.</summary>
public abstract class IdentityContract(IStore store) : IAsyncLifetime
{
    protected EntityHost Host { get; private set; } = null!;

    protected IEntityLog Log => store.Log;

    /// <summary>With the administrator's token.</summary>
    protected HttpClient Admin { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        Host = await StartAsync();
        Admin = Host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected virtual IdentityOptions CloudOptions { get; } =
        new() { PublicUrl = new Uri("http://strata.test"), AllowPrivateProviders = true, GuessesMax = 5, ClientsMax = 8 };

    protected Task<EntityHost> StartAsync() => EntityHost.StartAsync(store, more: new HostedModule(
        IdentityModule.Kinds, services => services.AddIdentity(CloudOptions), app => app.MapIdentity()));

    /// <summary>As after a restart: another server on the same store.</summary>
    protected async Task RestartAsync()
    {
        var (token, org) = (Host.AdminToken, Host.Org);
        await Host.DisposeAsync();
        Host = await StartAsync();
        Host.Resume(token, org);
        Admin.Dispose();
        Admin = Host.Client();
    }

    protected async Task<(string Id, string Secret)> CreateClientAsync(HttpClient? by = null, bool admin = false)
    {
        var made = await (by ?? Admin).SendJsonAsync("POST", "/api/clients" + (admin ? "?withAdminRole=true" : ""));
        Assert.Equal(200, made.Status);
        return (made.Body.GetProperty("client_id").GetString()!, made.Body.GetProperty("client_secret").GetString()!);
    }

    protected async Task<(int Status, JsonElement Body)> AskAsync(string client, string secret, params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post,
            "/api/oauth/token") { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{client}:{secret}")));
        using var answer = await http.SendAsync(request);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        return ((int)answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync()));
    }

    protected async Task<string> TokenAsync(string client, string secret)
    {
        var (status, body) = await AskAsync(client, secret, ("grant_type", "client_credentials"), ("scope", "ROLE_M2M"));
        Assert.Equal(200, status);
        return body.GetProperty("access_token").GetString()!;
    }

    protected Task<(int Status, JsonElement Body)> ExchangeAsync(string client, string secret, string subject) => AskAsync(
        client, secret, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"));

    /// <summary>What a token may do: 200 where it opens the entity API, 401 and 403 otherwise.</summary>
    protected async Task<int> StatusWithAsync(string token, string path = "/api/model/")
    {
        using var http = Host.Client(token);
        return (await http.SendJsonAsync("GET", path)).Status;
    }

    protected static JsonElement ClaimsOf(string token) => JsonElement.Parse(Decode(token.Split('.')[1]));

    protected static JsonElement HeadOf(string token) => JsonElement.Parse(Decode(token.Split('.')[0]));

    protected static (int, string?) Refusal(JsonAnswered answer) =>
        (answer.Status, answer.Body.GetProperty("properties").GetProperty("errorCode").GetString());

    private static byte[] Decode(string part) => System.Buffers.Text.Base64Url.DecodeFromChars(part);
}
