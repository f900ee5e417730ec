using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Secrets.Values;
using Strata.Storage.Tests.Contract;
using Strata.TestSupport;

namespace Strata.Secrets.Tests;

/// <summary>Secrets as a user has them.</summary>
public abstract class SecretContract(IStore store) : SecretsContract(store)
{
    private const string Canary = "canary-7f3a-correct-horse";

    [Fact]
    public async Task Secret_FromItsFirstValueToItsEnd()
    {
        Assert.Equal(201, (await CreateAsync("db")).Status);
        Assert.Equal("SECRET_VERSION_NOT_FOUND", (await RevealAsync("db")).Code);
        Assert.Equal(201, (await SetAsync("db", "first")).Status);
        var second = await SetAsync("db", "second");
        Assert.Equal(2, second.Body.GetProperty("status").GetProperty("lastVersion").GetInt32());
        Assert.Equal((2, "second"), await ShownAsync("db"));
        Assert.Equal((1, "first"), await ShownAsync("db", "?version=1"));

        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/secrets/db/versions/1")).Status);
        Assert.Equal(404, (await RevealAsync("db", "?version=1")).Status);
        Assert.Equal(404, (await Admin.SendJsonAsync("DELETE", "/api/v1/secrets/db/versions/1")).Status);
        Assert.Equal("REMOVING", (await Admin.SendJsonAsync("DELETE", "/api/v1/secrets/db")).Text("state"));
        await Wait.UntilAsync(async () => (await Admin.SendJsonAsync("GET", "/api/v1/secrets/db")).Status == 404, "the secret is gone");
        Assert.Empty(await StoredAsync());
    }

    [Fact]
    public async Task Reveal_IsWrittenIntoTheHistory_AndNeedsItsPermission()
    {
        await CreateAsync("db");
        await SetAsync("db", Canary);
        using var developer = Host.Client(await Host.TokenAsync(Host.Org, "dev", ["developer"]));
        Assert.Equal(200, (await developer.SendJsonAsync("GET", "/api/v1/secrets/db")).Status);
        Assert.Equal(403, (await developer.SendJsonAsync("POST", "/api/v1/secrets/db/reveal")).Status);
        using var viewer = Host.Client(await Host.TokenAsync(Host.Org, "view", ["viewer"]));
        Assert.Equal(403, (await viewer.SendJsonAsync("POST", "/api/v1/secrets/db/versions", """{"value":"x"}""")).Status);
        using var stranger = Host.Client(await Host.TokenAsync(Host.OtherOrg, "other", ["admin"]));
        foreach (var (method, path) in new[] { ("GET", ""), ("POST", "/reveal"), ("POST", "/versions"), ("DELETE", "/versions/1"),
            ("DELETE", "") })
            Assert.Equal(404, (await stranger.SendJsonAsync(method, "/api/v1/secrets/db" + path, """{"value":"x"}""")).Status);

        var shown = await RevealAsync("db");
        Assert.Equal("no-store", shown.Headers.CacheControl?.ToString());
        var history = (await Admin.SendJsonAsync("GET", "/api/v1/secrets/db/history")).Body.GetProperty("items");
        Assert.Equal(("reveal", "token:admin"), (history[0].GetProperty("transition").GetString(),
            history[0].GetProperty("updatedBy").GetString()));
        Assert.Equal(1, history[0].GetProperty("status").GetProperty("lastReveal").GetProperty("version").GetInt32());
        Assert.Equal(403, (await developer.SendJsonAsync("POST", "/api/v1/secrets/db/transitions/reveal")).Status); // it is no user's
    }

    [Fact]
    public async Task Value_IsInNothingButTheAnswerOfReveal()
    {
        await CreateAsync("db");
        await SetAsync("db", Canary, "once");
        Assert.Equal(Canary, (await ShownAsync("db")).Value);
        foreach (var path in new[] { "/api/v1/secrets", "/api/v1/secrets/db", "/api/v1/secrets/db/history",
            "/api/v1/secrets?spec.value=" + Canary })
            Assert.DoesNotContain(Canary, (await Admin.SendJsonAsync("GET", path)).Body.GetRawText(), StringComparison.Ordinal);
        Assert.NotEmpty(await StoredAsync());
        Assert.All(await StoredAsync(), v => Assert.DoesNotContain(Canary, v.Value.ToString(), StringComparison.Ordinal));
        var secret = (await Store.Log.ScanAsync(new Scan { Tenant = Host.Org, Model = SecretKind.Kind.Model }, default))[0];
        Assert.All(
            await Store.Log.HistoryAsync(Host.Org, secret.Id, null, 100, default),
            r => Assert.DoesNotContain(Canary, r.Document.ToString() + JsonSerializer.Serialize(r.Audit), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Set_WithAKey_TakesEffectOnce_AndAnotherValueUnderItIsRefused()
    {
        await CreateAsync("db");
        Assert.Equal(201, (await SetAsync("db", "one", "key-1")).Status);
        Assert.Equal(201, (await SetAsync("db", "one", "key-1")).Status);
        Assert.Equal(1, (await SetAsync("db", "one", "key-1")).Body.GetProperty("status").GetProperty("lastVersion").GetInt32());
        Assert.Equal("IDEMPOTENCY_CONFLICT", (await SetAsync("db", "two", "key-1")).Code);
        Assert.Single(await StoredAsync());
    }

    [Theory]
    [InlineData("""{"value":""}""")]
    [InlineData("""{"value":5}""")]
    [InlineData("""{"value":"x","more":1}""")]
    [InlineData("""{}""")]
    public async Task Set_WhatIsNoValue_IsRefused_AndChangesNothing(string body)
    {
        await CreateAsync("db");
        Assert.Equal("VALIDATION_FAILED", (await Admin.SendJsonAsync("POST", "/api/v1/secrets/db/versions", body)).Code);
        Assert.Equal(0, (await Admin.SendJsonAsync("GET",
            "/api/v1/secrets/db")).Body.GetProperty("status").GetProperty("lastVersion").GetInt32());
    }

    [Fact]
    public async Task Set_TakesAsManyBytesAsItSays_AndKeepsTenVersions()
    {
        await CreateAsync("db");
        var longest = string.Concat(Enumerable.Repeat("é\"", SecretValues.BytesMax / 3)) + new string('x', SecretValues.BytesMax % 3);
        Assert.Equal(SecretValues.BytesMax, Encoding.UTF8.GetByteCount(longest));
        Assert.Equal(201, (await SetAsync("db", longest)).Status);
        Assert.Equal(longest, (await ShownAsync("db")).Value);
        Assert.Equal(400, (await SetAsync("db", longest + "x")).Status);
        for (var i = 2; i <= 12; i++) await SetAsync("db", $"v{i}");
        Assert.Equal(404, (await RevealAsync("db", "?version=2")).Status);
        Assert.Equal("v3", (await ShownAsync("db", "?version=3")).Value);
        Assert.Equal(10, (await StoredAsync()).Count);
    }

    private Task<JsonAnswered> CreateAsync(string name) =>
        Admin.SendJsonAsync("POST", "/api/v1/secrets", $$"""{"name":"{{name}}","project":"web","spec":{ } }""");

    private Task<JsonAnswered> SetAsync(string name, string value, string? key = null) => Admin.SendJsonAsync(
        "POST", $"/api/v1/secrets/{name}/versions", JsonSerializer.Serialize(new { value }),
        headers: key is null ? [] : [("Idempotency-Key", key)]);

    private Task<JsonAnswered> RevealAsync(string name, string query = "") =>
        Admin.SendJsonAsync("POST", $"/api/v1/secrets/{name}/reveal{query}");

    private async Task<(int Version, string Value)> ShownAsync(string name, string query = "")
    {
        var shown = await RevealAsync(name, query);
        return (shown.Body.GetProperty("version").GetInt32(), shown.Text("value"));
    }

    private async Task<IReadOnlyList<DurableValue>> StoredAsync() =>
        await Store.DurableValues.ListAsync(Host.Org, "secret/", null, 100, TestContext.Current.CancellationToken);
}
