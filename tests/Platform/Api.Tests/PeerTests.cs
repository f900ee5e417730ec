using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Peers;
using Strata.Api.Shares;
using Strata.Api.Tests.Hosting;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests;

/// <summary>Two servers in one process on one log: what the first passes on to the second.</summary>
public sealed class PeerTests : TwoServers
{
    private const string Secret = "0123456789abcdef";

    private readonly TaskCompletionSource release = new();

    [Fact]
    public async Task RequestWithATokenOfTheOther_IsPassedOn_WithMethodPathBodyAndRights()
    {
        var answer = await SendAsync(first.AdminToken, "second." + Secret);
        Assert.Equal($"second POST /echo?x=a%2Fb%20c user:test hello [{first.Org}] passed:True", answer.Replace("token:admin",
            "user:test", StringComparison.Ordinal));
    }

    [Theory, InlineData("first."), InlineData("")]
    public async Task RequestWithAnyOtherToken_IsAnsweredHere(string server)
    {
        Assert.StartsWith("first POST ", await SendAsync(first.AdminToken, server + Secret), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestWithATokenOfAServerThatIsNotKnown_IsUnavailable_AsTheTransactionMayBeAlive()
    {
        var answer = await SendAsync(first.AdminToken, "nobody." + Secret);
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.Contains("\"sent\":\"false\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestWithATokenOfAServerThatWasStopped_IsAnsweredHere()
    {
        await second.DisposeAsync();
        await Wait.UntilAsync(
            async () => (await SendAsync(first.AdminToken, "second." + Secret)).StartsWith("first POST", StringComparison.Ordinal),
            "the end of the second is known");
    }

    [Fact]
    public async Task RequestAtAServerThatHasNotListedTheOthersYet_IsUnavailable()
    {
        await using var starting = await StartAsync("third", first.Log, HttpProtocols.Http1, hasWork: false);
        var answer = await SendAsync(first.AdminToken, "second." + Secret, to: starting);
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.StartsWith("third POST", await SendAsync(first.AdminToken, "third." + Secret, to: starting), StringComparison.Ordinal);
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

    private async Task<string> SendAsync(string token, string joined, string path = "/echo?x=a%2Fb%20c", ApiHost? to = null)
    {
        using var http = (to ?? first).Client(token);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("hello") };
        request.Headers.Add("X-Tx-Token", joined);
        using var answer = await http.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    [Fact]
    public async Task RequestToAnEndpointThatJoinsNoTransaction_IsAnsweredHere_WhateverItsToken()
    {
        using var http = first.Client();
        http.DefaultRequestHeaders.Add("X-Tx-Token", "second." + Secret);
        Assert.Equal("first passed:False", await http.GetStringAsync("/plain"));
        await using var watch = await Watching.StartAsync(http, "/api/v1/widgets?watch=true");
        Assert.Equal("ready", await watch.NextAsync());
        Assert.Equal(0, second.Used("requests"));
    }

    [Fact]
    public async Task StreamOverTheHop_IsEnded_UnlessTheOtherServerKeepsCheckingItsToken()
    {
        var (client, principal) = (first.Services.GetRequiredService<PeerClient>(), new Principal
        {
            Tenant = first.Org, Actor = "user:jane", Grants = [new Grant(new HashSet<string> { "widgets.write" }, GrantScope.Organization)],
        });
        using var plain = (await client.SendAsync(SecondPeer, "GET", "/access", principal, null, [], default)).Value;
        Assert.Equal("False", await TextAsync(plain));
        using var kept = (await client.OpenCheckedStreamAsync(SecondPeer, "/access", principal, default)).Value;
        Assert.Equal("True", await TextAsync(kept));
    }

    [Fact]
    public async Task HopThatIsRefused_IsUnavailable_AndNotTheUsers401()
    {
        await second.DisposeAsync();
        var otherKey = new SealedSecrets([1, .. new byte[SealedSecrets.KeyBytes - 1]]);
        second = await StartAsync("second", first.Log, HttpProtocols.Http2, otherKey);
        await Wait.UntilAsync(
            async () => (await SendAsync(first.AdminToken, "second." + Secret)).Contains("UNAUTHORIZED", StringComparison.Ordinal),
            "the second is up again, and refuses");
        var answer = await SendAsync(first.AdminToken, "second." + Secret);
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.Contains("\"status\":503", answer, StringComparison.Ordinal);
        Assert.Contains("\"sent\":\"false\"", answer, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"UNAUTHORIZED\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HopBeyondTheShareOfTheOtherServer_IsUnavailable()
    {
        await second.DisposeAsync();
        second = await StartAsync("second", first.Log, HttpProtocols.Http2, limits: ApiLimits.Default with { RequestsMax = 1 });
        await Wait.UntilAsync(
            async () => (await SendAsync(first.AdminToken, "second." + Secret)).StartsWith("second", StringComparison.Ordinal), "it is up");
        var held = SendAsync(first.AdminToken, "second." + Secret, "/held");
        await Wait.UntilAsync(() => second.Used("requests") == 1, "one is at work");
        var answer = await SendAsync(first.AdminToken, "second." + Secret);
        release.TrySetResult();
        Assert.StartsWith("second", await held, StringComparison.Ordinal);
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"SHARE_EXHAUSTED\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HopWhoseBodyTheOtherServerCuts_IsUnavailable_AndMayHaveBeenSent()
    {
        var answer = await SendAsync(first.AdminToken, "second." + Secret, "/small");
        Assert.Contains("PEER_UNAVAILABLE", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\"sent\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodyThatThisServerRefuses_IsTheUsersError_AlsoOverAHop()
    {
        using var http = first.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo") { Content = new ByteArrayContent(new byte[31_000_000]) };
        request.Headers.Add("X-Tx-Token", "second." + Secret);
        request.Headers.ExpectContinue = true;
        using var answer = await http.SendAsync(request);
        Assert.Equal(413, (int)answer.StatusCode);
        Assert.Contains("BODY_TOO_LARGE", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnswerThatIsNotOfThisCloud_IsUnavailable_AndItsMarkReachesNoUser()
    {
        await using var stranger = await ApiHost.StartAsync(protocols: HttpProtocols.Http2); // without peers
        var client = first.Services.GetRequiredService<PeerClient>();
        var principal = new Principal { Tenant = first.Org, Actor = "user:jane", Grants = [] };
        foreach (var path in (string[])["/healthz", "/nowhere"])
        {
            var sent = await client.SendAsync(new PeerServer("x", "x", stranger.Address), "GET", path, principal, null, [], default);
            Assert.Equal("PEER_UNAVAILABLE", sent.Error?.Code);
        }
        using var http = first.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo");
        request.Headers.Add("X-Tx-Token", "second." + Secret);
        using var answer = await http.SendAsync(request);
        Assert.False(answer.Headers.Contains("Strata-Peer"));
    }

    [Fact]
    public async Task Following_OfWhatCannotBeRead_GoesOn()
    {
        using var stop = new CancellationTokenSource();
        var (tries, again) = (0, new TaskCompletionSource());
        var following = first.Services.GetRequiredService<PeerFollowing>().RunAsync((_, _) =>
        {
            if (++tries == 1) throw new JsonException("not JSON");
            again.TrySetResult();
            return Task.CompletedTask;
        }, stop.Token);
        await Task.WhenAny(again.Task, following);
        Assert.True(again.Task.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    [Fact]
    public async Task OtherServer_IsKnownWithItsLife_AlsoAfterARestart()
    {
        var former = SecondPeer.Life;
        Assert.Equal(second.Services.GetRequiredService<ServerSelf>().Life, former);
        await second.DisposeAsync();
        second = await StartAsync("second", first.Log, HttpProtocols.Http2);
        await Wait.UntilAsync(() => Others is [{ Life: { } life }] && life != former, "the new life is known");
        Assert.Equal(second.Services.GetRequiredService<ServerSelf>().Life, SecondPeer.Life);
        Assert.StartsWith("second", await SendAsync(first.AdminToken, "second." + Secret), StringComparison.Ordinal);
    }

    private static async Task<string> TextAsync(PeerAnswer answer) => Encoding.UTF8.GetString((await answer.ReadAsync(100, default)).Value);

    private protected override void Map(WebApplication app, string name)
    {
        app.MapPost("/echo", async (HttpContext http) =>
        {
            var target = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            return $"{name} {http.Request.Method} {target} {http.GetPrincipal().Actor} {body} [{http.GetPrincipal().Tenant}] passed:{PeerForwarder.IsForwarded(http)}";
        }).Requires("widgets.write").JoinsTransactions();
        app.MapPost("/held", async () =>
        {
            await release.Task;
            return name;
        }).Requires("widgets.write").JoinsTransactions();
        app.MapPost("/small", async (HttpContext http) =>
        {
            if (name == "second") http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 3;
            await http.Request.Body.CopyToAsync(Stream.Null);
        }).Requires("widgets.write").JoinsTransactions();
        app.MapGet("/plain", (HttpContext http) => $"{name} passed:{PeerForwarder.IsForwarded(http)}").Requires("widgets.write");
        app.MapGet("/access", async (HttpContext http, StreamAccess access) =>
            $"{await access.IsStillGoodAsync(http, "widgets.write", http.RequestAborted)}").Requires("widgets.write");
        app.MapGet("/internal/echo", () => "secret").ForPeersOnly();
    }
}
