using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests;

/// <summary>Two servers in one process on one log: what the first passes on to the second.</summary>
public sealed class PeerTests : IAsyncLifetime
{
    private const string Secret = "0123456789abcdef";

    private readonly MemoryLeases leases = new(TimeProvider.System);
    private readonly SealedSecrets key = new(new byte[SealedSecrets.KeyBytes]);
    private ApiHost first = null!;
    private ApiHost second = null!;

    public async ValueTask InitializeAsync()
    {
        var log = new MemoryLog(TimeProvider.System, leases);
        second = await StartAsync("second", log, HttpProtocols.Http2);
        first = await StartAsync("first", log, HttpProtocols.Http1);
        await first.FillAsync();
        var directory = first.Services.GetRequiredService<ServerDirectory>();
        await Wait.UntilAsync(() => directory.Others.Count == 1, "the first knows the second");
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task RequestWithATokenOfTheOther_IsPassedOn_WithMethodPathBodyAndRights()
    {
        var answer = await SendAsync(first.AdminToken, "second." + Secret);
        Assert.Equal($"second POST /echo?x=a%2Fb%20c user:test hello [{first.Org}] passed:True", answer.Replace("token:admin",
            "user:test", StringComparison.Ordinal));
    }

    [Theory, InlineData("first."), InlineData("nobody."), InlineData("")]
    public async Task RequestWithAnyOtherToken_IsAnsweredHere(string server)
    {
        Assert.StartsWith("first POST ", await SendAsync(first.AdminToken, server + Secret), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestWithoutThePermission_IsRefused_BeforeItIsPassedOn()
    {
        var weak = await first.TokenAsync(first.Org, "weak", ["edge"]);
        Assert.Contains("FORBIDDEN", await SendAsync(weak, "second." + Secret), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndpointForServers_IsClosedToEverybodyElse_AnAdministratorIncluded()
    {
        foreach (var scheme in (string[])["Bearer", "Strata-Peer"])
        {
            using var http = first.Client();
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(scheme, first.AdminToken);
            var answer = await http.GetAsync("/internal/echo");
            Assert.True((int)answer.StatusCode is 401 or 403, $"{scheme}: {answer.StatusCode}");
            Assert.DoesNotContain("secret", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        using var nobody = new HttpClient { BaseAddress = first.Address };
        Assert.Equal(403, (int)(await nobody.GetAsync("/internal/echo")).StatusCode);
    }

    [Fact]
    public async Task EndpointForServers_AnswersAnotherServer()
    {
        var (client, directory) = (first.Services.GetRequiredService<PeerClient>(), first.Services.GetRequiredService<ServerDirectory>());
        var principal = new Principal { Tenant = first.Org, Actor = "user:jane", Grants = [] };
        using var answer = (await client.SendAsync(directory.Others[0], "GET", "/internal/echo", principal, null, [], default)).Value;
        Assert.Equal("secret", Encoding.UTF8.GetString((await answer.ReadAsync(100, default)).Value));
        var open = (await client.SendAsync(directory.Others[0], "POST", "/echo", principal, null, [], default)).Value;
        Assert.Equal(403, open.Status); // the principal's rights count there too
        open.Dispose();
    }

    [Fact]
    public async Task ServerThatIsDead_IsUnavailable_AtOnce_WithANextStep()
    {
        await second.KillAsync();
        var answer = await SendAsync(first.AdminToken, "second." + Secret);
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.Contains("strata get servers", answer, StringComparison.Ordinal);
    }

    private async Task<string> SendAsync(string token, string joined)
    {
        using var http = first.Client(token);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo?x=a%2Fb%20c") { Content = new StringContent("hello") };
        request.Headers.Add("X-Tx-Token", joined);
        using var answer = await http.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    private Task<ApiHost> StartAsync(string name, MemoryLog log, HttpProtocols protocols)
    {
        var port = FreePort.Next();
        var self = new ServerSelf(name, name, new Uri($"http://127.0.0.1:{port}"), "1", TimeProvider.System.GetUtcNow());
        return ApiHost.StartAsync(log, port, app => Map(app, name), protocols, services: services =>
            services.AddSingleton<ILeases>(leases).AddSingleton(key).AddServers(self).AddPeers());
    }

    private static void Map(WebApplication app, string name)
    {
        app.MapPost("/echo", async (HttpContext http) =>
        {
            var target = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            return $"{name} {http.Request.Method} {target} {http.GetPrincipal().Actor} {body} [{http.GetPrincipal().Tenant}] passed:{PeerForwarder.IsForwarded(http)}";
        }).Requires("widgets.write");
        app.MapGet("/internal/echo", () => "secret").ForPeersOnly();
    }
}
