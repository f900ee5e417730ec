using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Server.Options;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>A deployment for people who are signed in, as their browsers find it.</summary>
public sealed class VisitTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly Cloud cloud = new();

    public async ValueTask InitializeAsync() => (await cloud.UpAsync()).ShouldSucceed();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task Member_SignsIn_AndIsLetInUntilTheyMayNot()
    {
        (await cloud.RunAsync("domains", "add", "private.localhost", "--to", "welcome", "--sign-in", "true", "--detach")).ShouldSucceed();
        var wanted = $"http://private.localhost:{cloud.HttpPort}/?a=b";
        await JoinAsync("ada@example.com", "viewer");
        await JoinAsync("bob@example.com", "billing");
        using (var program = Browser())
        {
            program.DefaultRequestHeaders.Remove("Accept");
            await Wait.UntilAsync(async () => await StatusOfAsync(program, wanted) == HttpStatusCode.Unauthorized, "the edge asks");
        }

        var cookies = new CookieContainer();
        using var ada = Browser(cookies);
        var (asked, _) = await GetAsync(ada, wanted);
        Assert.Equal("/sign-in", asked.AbsolutePath);
        var (there, text) = await SignInAsync(ada, "ada@example.com");
        Assert.Equal(wanted, there.AbsoluteUri);
        Assert.Contains("Strata", text);

        // Who may not reads that they may not; and the sign-in of another ends nothing.
        using var bob = Browser();
        await GetAsync(bob, wanted);
        (there, text) = await SignInAsync(bob, "bob@example.com");
        Assert.Equal("/visit", there.AbsolutePath);
        Assert.Contains("You may not visit private.localhost", text);
        Assert.Contains("bob@example.com", text);

        var why = await cloud.RunAsync("access", "explain", "person/ada", "routes.visit", "route/" + (await ResourceAsync()).Split('/')[1]);
        Assert.Contains("routes.visit", why.ShouldSucceed().Output);

        // No one can have the visitor's code sent to another port, where something else may listen, nor over HTTP to a public name.
        var state = new string('0', 64);
        foreach (var back in new[] { $"http://private.localhost:{cloud.ApiPort + 1}/", "http://evil.test/", $"ftp://private.localhost:{cloud.HttpPort}/" })
        {
            var page = $"{cloud.ApiUrl}visit?resource={await ResourceAsync()}&state={state}&back={Uri.EscapeDataString(back)}";
            Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(ada, page));
        }

        // Of an address that is open to all no one is to learn who visits.
        var open = $"{cloud.ApiUrl}visit?resource={await ResourceAsync("welcome.localhost")}&state={state}"
            + $"&back={Uri.EscapeDataString($"http://welcome.localhost:{cloud.HttpPort}/")}";
        Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(ada, open));

        // Another route's cookie is none of this one's.
        (await cloud.RunAsync("domains", "add", "other.localhost", "--to", "welcome", "--sign-in", "true", "--detach")).ShouldSucceed();
        await Wait.UntilAsync(async () => await StatusOfAsync(ada, $"http://other.localhost:{cloud.HttpPort}/") == HttpStatusCode.OK,
            "one sign-in serves for all"); // by way of the cloud's page, without a question

        // With the sign-in at the cloud the visit ends; an edge asks again within a minute.
        var visit = cookies.GetAllCookies().First(
            c => c.Domain == "private.localhost" && c.Value.StartsWith("stv_", StringComparison.Ordinal));
        Assert.True(await HoldsAsync(visit.Value));
        using (var signedOut = await PostAsync(ada, "/sign-out")) signedOut.EnsureSuccessStatusCode();
        Assert.False(await HoldsAsync(visit.Value));

        (await cloud.RunAsync("domains", "set", "private.localhost", "--sign-in", "false")).ShouldSucceed();
        using var anyone = Browser();
        await Wait.UntilAsync(async () => (await GetAsync(anyone, wanted)).Address.Host == "private.localhost", "it is open to all");
    }

    private async Task JoinAsync(string email, string role)
    {
        var invited = (await cloud.RunAsync("invite", email, "--role", role, "-o", "json")).ShouldSucceed().Output;
        var link = JsonElement.Parse(invited).GetProperty("link").GetString()!;
        using var browser = await SignUp.AcceptAsync(cloud, link, email);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient browser, string address)
    {
        using var answer = await browser.GetAsync(address, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<(Uri Address, string Text)> GetAsync(HttpClient browser, string address)
    {
        using var answer = await browser.GetAsync(address, TestContext.Current.CancellationToken);
        return (answer.RequestMessage!.RequestUri!, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>By the form that the browser has before it.</summary>
    private async Task<(Uri Address, string Text)> SignInAsync(HttpClient browser, string email)
    {
        var (page, _) = await GetAsync(browser, $"http://private.localhost:{cloud.HttpPort}/?a=b");
        var wanted = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(page.Query)["return"].ToString();
        using var answer = await PostAsync(browser, "/sign-in", ("email", email), ("password", Password), ("return", wanted));
        return (answer.RequestMessage!.RequestUri!, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<HttpResponseMessage> PostAsync(HttpClient browser, string path, params (string Name, string Value)[] fields)
    {
        using var form = new HttpRequestMessage(HttpMethod.Post, new Uri(cloud.ApiUrl, path))
        {
            Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))),
            Headers = { { "Sec-Fetch-Site", "same-origin" } },
        };
        return await browser.SendAsync(form, TestContext.Current.CancellationToken);
    }

    /// <summary>What an edge hears of a visit of private.localhost.</summary>
    private async Task<bool> HoldsAsync(string visit)
    {
        using var edge = new StrataClient(cloud.ApiUrl, (await File.ReadAllTextAsync(new HomeLayout(cloud.Home).EdgeTokenFile)).Trim());
        var body = JsonSerializer.SerializeToUtf8Bytes(new { visit, resource = await ResourceAsync() });
        using var answer = await edge.SendAsync(HttpMethod.Post, VisitPaths.Check, new JsonText(body));
        return answer!.RootElement.GetProperty("active").GetBoolean();
    }

    /// <summary>The route of a host, as edges name it.</summary>
    private async Task<string> ResourceAsync(string host = "private.localhost")
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.host"] = host } };
        var routes = new List<string>();
        await foreach (var route in cloud.Client.Resources<RouteSpec, RouteStatus>(Plurals.Routes).ListAsync(filter))
            routes.Add($"{route.Org}/{route.Id}");
        return Assert.Single(routes);
    }

    /// <summary>It keeps cookies, and finds every host on this machine.</summary>
    private static HttpClient Browser(CookieContainer? cookies = null)
    {
        var browser = new HttpClient(new SocketsHttpHandler
        {
            CookieContainer = cookies ?? new CookieContainer(),
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }) { Timeout = TimeSpan.FromSeconds(30) };
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        return browser;
    }
}
