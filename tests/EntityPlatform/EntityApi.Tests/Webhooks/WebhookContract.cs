using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core.Background;
using Strata.EntityApi.Tests.Hosting;
using Strata.EntityApi.Webhooks;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Webhooks;

/// <summary>Webhooks from their making to their dead letters.</summary>
public abstract class WebhookContract(IStore store) : IAsyncLifetime
{
    private static readonly WebhookOptions Quick = new()
    {
        AllowPrivate = true, FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(20),
        Timeout = TimeSpan.FromSeconds(20),
    };

    private EntityHost host = null!;
    private HttpClient http = null!;
    private Receiver receiver = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        receiver = await Receiver.StartAsync();
        await StartAsync(Quick);
        foreach (var model in (string[])["book/1", "shelf/1"])
        {
            Assert.Equal(200, (await http.SendJsonAsync("POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}", """{"n":1}""")).Status);
            Assert.Equal(200, (await http.SendJsonAsync("PUT", $"/api/model/{model}/lock")).Status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await receiver.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Delivery_OfItsModels_IsSignedAndInOrder()
    {
        var secret = await AddAsync("books", models: """["book.1"]""");
        for (var n = 0; n < 5; n++)
        {
            await CreateAsync("book/1", n);
            await CreateAsync("shelf/1", 100 + n);
        }
        await Wait.UntilAsync(() => receiver.Taken.Count == 5, "five are taken");
        Assert.Equal([0, 1, 2, 3, 4], receiver.Taken);
        foreach (var delivery in receiver.Deliveries)
        {
            var seconds = delivery.Signature.Split(',')[0][2..];
            var expected = Convert.ToHexStringLower(
                HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{seconds}.{delivery.Body}")));
            Assert.Equal($"t={seconds},v1={expected}", delivery.Signature);
        }
    }

    [Fact]
    public async Task Delivery_RefusedForAWhile_IsTriedAgainAndNothingIsLost()
    {
        receiver.Status = 503;
        await AddAsync("books", attempts: 20);
        await CreateAsync("book/1", 1);
        await Wait.UntilAsync(() => receiver.Deliveries.Count >= 3, "it is tried three times");
        Assert.Equal("It was answered with 503.", (await DeliveriesAsync("books")).GetProperty("trouble").GetProperty("error").GetString());
        Assert.Single(receiver.Deliveries.Select(d => d.Id).Distinct());
        receiver.Status = 200;
        await CreateAsync("book/1", 2);
        await Wait.UntilAsync(() => receiver.Taken.Count == 2, "both are taken");
        Assert.Equal([1, 2], receiver.Taken);
        await Wait.UntilAsync(async () => !(await DeliveriesAsync("books")).TryGetProperty("trouble", out _), "the trouble is over");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(302)]
    public async Task Delivery_NeverTaken_BecomesADeadLetterThatCanBeReplayed(int status)
    {
        receiver.Status = status;
        await AddAsync("books", attempts: 2);
        await CreateAsync("book/1", 1);
        await Wait.UntilAsync(
            async () => (await DeliveriesAsync("books")).GetProperty("items").GetArrayLength() == 1, "there is a dead letter");
        Assert.All(receiver.Deliveries, d => Assert.Equal("/hook", d.Path)); // redirects are not followed
        receiver.Status = 200;
        var letter = (await DeliveriesAsync("books")).GetProperty("items")[0];
        Assert.Equal(404, (await http.SendJsonAsync("POST", "/api/v1/webhooks/books/replay?revision=999999")).Status);
        var replay = await http.SendJsonAsync("POST", $"/api/v1/webhooks/books/replay?revision={letter.GetProperty("through")}");
        Assert.Equal((200, 1), (replay.Status, replay.Body.GetProperty("replaying").GetInt32()));
        await Wait.UntilAsync(
            async () => (await DeliveriesAsync("books")).GetProperty("items").GetArrayLength() == 0, "the dead letter is gone");
        Assert.Equal([1], receiver.Taken);
    }

    [Fact]
    public async Task Delivery_ThatFails_DoesNotHoldUpAnother()
    {
        await using var broken = await Receiver.StartAsync();
        broken.Status = 500;
        await AddAsync("broken", url: broken.Url, attempts: 20);
        await AddAsync("books");
        for (var n = 0; n < 3; n++) await CreateAsync("book/1", n);
        await Wait.UntilAsync(() => receiver.Taken.Count == 3, "the other gets its changes");
        Assert.Empty(broken.Taken);
    }

    [Fact]
    public async Task Delivery_AfterARestart_GoesOnWhereItWas()
    {
        await AddAsync("books");
        await CreateAsync("book/1", 1);
        await Wait.UntilAsync(
            async () => (await DeliveriesAsync("books")).GetProperty("position")
                .GetInt64() >= (await host.Log.HeadAsync(host.Org, default)).Value, "it is taken and noted");
        await StopAsync();
        await StartAsync(Quick, host);
        await CreateAsync("book/1", 2);
        await Wait.UntilAsync(() => receiver.Taken.Count == 2, "the next is taken");
        Assert.Equal([1, 2], receiver.Taken);
    }

    [Fact]
    public async Task Delivery_ToAPrivateAddress_IsRefusedUnlessAllowed()
    {
        await StopAsync();
        await StartAsync(Quick with { AllowPrivate = false }, host);
        await AddAsync("books", url: receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), attempts: 1);
        await CreateAsync("book/1", 1);
        await Wait.UntilAsync(async () => (await DeliveriesAsync("books")).GetProperty("items").GetArrayLength() == 1, "it is given up");
        Assert.Contains("not an address of the public internet",
            (await DeliveriesAsync("books")).GetProperty("items")[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(receiver.Deliveries);
        var invented = await http.SendJsonAsync("GET", $"/api/v1/webhooks/books/deliveries?cursor={long.MaxValue}");
        Assert.Equal((400, "INVALID_CURSOR"), (invented.Status, invented.Code));
        Assert.Equal(204, (await http.SendJsonAsync("DELETE", "/api/v1/webhooks/books/deliveries")).Status);
        Assert.Equal(0, (await DeliveriesAsync("books")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Paused_KeepsItsPlace_AndDeletedItIsGone()
    {
        await AddAsync("books");
        Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/v1/webhooks/books/transitions/pause")).Status);
        await CreateAsync("book/1", 1);
        Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/v1/webhooks/books/transitions/resume")).Status);
        await Wait.UntilAsync(() => receiver.Taken.Count == 1, "it is taken after the pause");
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/webhooks/books")).Status);
        await Wait.UntilAsync(
            async () => (await store.DurableValues.ListAsync(host.Org, "webhook/", null, 10, default)).Count == 0, "nothing is kept of it");
    }

    [Fact]
    public async Task Changed_OftenAndQuickly_IsDeliveredByOneLoop_AndDeletedByNone()
    {
        const int last = 40;
        await AddAsync("books");
        await Wait.UntilAsync(() => Loops == 1, "its loop runs");
        for (var round = 0; round < last; round += 8)
            await Task.WhenAll(Enumerable.Range(round + 1, 8).Select(n => PatchUrlAsync("books", $"{receiver.Url}/{n}")));
        await PatchUrlAsync("books", $"{receiver.Url}/last");
        // The first may still go to an earlier address: its loop may see them before the host sees the last change.
        var number = 0;
        await Wait.UntilAsync(async () =>
        {
            await CreateAsync("book/1", ++number);
            return receiver.Deliveries.Any(d => d.Path == "/hook/last");
        }, "the last address is delivered to");
        await Wait.UntilAsync(() => Loops == 1, "the former loops have ended");
        var before = receiver.Deliveries.Count;
        for (var n = 1; n <= 4; n++) await CreateAsync("book/1", ++number);
        await Wait.UntilAsync(() => receiver.Taken.Contains(number), "what came later is taken");
        Assert.All(receiver.Deliveries.Skip(before), d => Assert.Equal("/hook/last", d.Path));
        await PatchUrlAsync("books", receiver.Url);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/webhooks/books")).Status);
        await Wait.UntilAsync(() => Loops == 0, "no loop is left");
    }

    [Fact]
    public async Task Secret_IsToldOnceAndShownNowhere()
    {
        var secret = await AddAsync("books");
        foreach (var path in (string[])["/api/v1/webhooks", "/api/v1/webhooks/books", "/api/v1/webhooks/books/history",
            "/api/v1/webhooks/books/deliveries"])
        {
            var text = await http.GetStringAsync(path);
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain("sealed1", text, StringComparison.Ordinal);
        }
        Assert.NotEqual(secret, await MakeSecretAsync("books"));
        using var viewer = host.Client(await host.TokenAsync(host.Org, "viewer", ["viewer"]));
        Assert.Equal(403, (await viewer.SendJsonAsync("POST", "/api/v1/webhooks/books/secret")).Status);
    }

    [Theory]
    [InlineData("""{"url":"ftp://example.org"}""")]
    [InlineData("""{"url":"https://user:password@example.org"}""")]
    [InlineData("""{"url":"https://example.org","models":[]}""")]
    [InlineData("""{"url":"https://example.org","models":["strata.token"]}""")]
    [InlineData("""{"url":"https://example.org","attempts":0}""")]
    [InlineData("""{"url":"https://example.org","secret":"mine"}""")]
    public async Task Create_Invalid_IsRefused(string spec)
    {
        var made = await http.SendJsonAsync("POST", "/api/v1/webhooks", $$"""{"name":"books","spec":{{spec}} }""");
        Assert.Equal((400, "VALIDATION_FAILED"), (made.Status, made.Code));
    }

    private int Loops => host.Service<Supervisor>().Report().Where(w => w.Name == "webhook-delivery").Sum(w => w.Count);

    private async Task PatchUrlAsync(string name, string url)
    {
        var changed = await http.SendJsonAsync("PATCH", $"/api/v1/webhooks/{name}", $$"""{"spec":{"url":"{{url}}"} }""");
        Assert.True(changed.Status is 200 or 409, changed.Body.ToString()); // 409: others came between too often
    }

    private async Task StartAsync(WebhookOptions options, EntityHost? former = null)
    {
        host = await EntityHost.StartAsync(store, options);
        if (former is not null) host.Resume(former.AdminToken, former.Org);
        http = host.Client();
    }

    private async Task StopAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    /// <returns>Its secret.</returns>
    private async Task<string> AddAsync(string name, string? url = null, string models = "null", int attempts = 8)
    {
        var spec = models == "null" ? "" : $",\"models\":{models}";
        var made = await http.SendJsonAsync("POST", "/api/v1/webhooks", $$"""{"name":"{{name}}","spec":{"url":"{{url ?? receiver.Url}}","attempts":{{attempts}}{{spec}} } }""");
        Assert.True(made.Status == 201, made.Body.ToString());
        Assert.Equal("PENDING", made.Text("state"));
        return await MakeSecretAsync(name);
    }

    private async Task<string> MakeSecretAsync(string name)
    {
        var made = await http.SendJsonAsync("POST", $"/api/v1/webhooks/{name}/secret");
        Assert.True(made.Status == 200, made.Body.ToString());
        return made.Text("secret");
    }

    private async Task CreateAsync(string model, int n) => Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/entity/JSON/" + model, $$"""{"n":{{n}}}""")).Status);

    private async Task<JsonElement> DeliveriesAsync(string name) =>
        (await http.SendJsonAsync("GET", $"/api/v1/webhooks/{name}/deliveries")).Body;
}

public sealed class MemoryWebhookTests() : WebhookContract(new MemoryStore());

public sealed class PostgresWebhookTests(TestServer server) : WebhookContract(new PostgresDatabase(server));
