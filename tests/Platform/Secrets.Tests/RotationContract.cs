using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Secrets.DataKeys;
using Strata.Secrets.Masters;
using Strata.Storage.Tests.Contract;
using Strata.TestSupport;

namespace Strata.Secrets.Tests;

/// <summary>Replacing the cloud's keys while it runs.</summary>
public abstract class RotationContract(IStore store) : SecretsContract(store)
{
    private const string Path = "/api/v1/encryption";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DataKey_Rotates_WhileSecretsStayReadable_AndTheOldOneIsDestroyedAWeekLater()
    {
        await SetAsync("db", "kept");
        var webhook = await Admin.SendJsonAsync("POST", "/api/v1/webhooks", """{"name":"w","spec":{"url":"https://books.example"}}""");
        Assert.Equal(201, webhook.Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", "/api/v1/webhooks/w/secret")).Status);
        var before = await StatusAsync();
        var rotated = await Admin.SendJsonAsync("POST", Path + "/rotate-data-key");
        Assert.Equal(201, rotated.Status);
        Assert.Equal("KEY_ROTATION_UNFINISHED", (await Admin.SendJsonAsync("POST", Path + "/rotate-data-key")).Code);
        Assert.Equal(SealingOf(before), SealingOf(await StatusAsync())); // until all servers know it

        var reseal = Host.Service<Resealing>();
        Clock.Advance(CloudKeys.Overlap * 2);
        Assert.Equal(rotated.Text("name"), SealingOf(await StatusAsync()));
        await reseal.RunAsync(null, Now);
        Assert.Equal("kept", await ShownAsync("db"));
        await AllSealedUnderAsync(rotated.Text("name"));
        Assert.Equal(2, (await DataKeysAsync()).Count);

        Clock.Advance(CloudKeys.KeptFor);
        await reseal.RunAsync(null, Now);
        Assert.Equal([rotated.Text("name")], await DataKeysAsync());
        await Wait.UntilAsync(
            async () => (await Admin.SendJsonAsync("GET", "/api/v1/data-keys")).Body.GetProperty("items").GetArrayLength() == 1,
                "its entity is gone");
        Assert.Equal("kept", await ShownAsync("db"));
        await RestartAsync();
        Assert.Equal("kept", await ShownAsync("db"));
    }

    [Fact]
    public async Task DataKey_IsKnownToOtherServersBeforeItSeals()
    {
        var other = KeysOf(KeyFile);
        await other.OpenAsync(Now);
        var made = await Admin.SendJsonAsync("POST", Path + "/rotate-data-key");
        Clock.Advance(CloudKeys.Overlap * 2);
        var text = Host.Service<CloudKeys>().Secrets.Seal("secret", "context");
        Assert.Contains(made.Text("name"), text, StringComparison.Ordinal);
        Assert.Null(other.Secrets.Open(text, "context"));
        await other.ReloadAsync(Now); // which it does as soon as the feed shows the key
        Assert.Equal("secret", other.Secrets.Open(text, "context"));
    }

    [Fact]
    public async Task MasterKey_Rotates_AndThePreviousOneOpensNothingAfterwards()
    {
        await SetAsync("db", "kept");
        var old = await File.ReadAllTextAsync(KeyFile, Now);
        var rotated = await Admin.SendJsonAsync("POST", Path + "/rotate-master-key");
        Assert.Equal((200, KeyFile), (rotated.Status, rotated.Text("source")));
        Assert.Equal("KEY_ROTATION_UNFINISHED", (await Admin.SendJsonAsync("POST", Path + "/rotate-master-key")).Code);
        Assert.True((await StatusAsync()).GetProperty("isMasterKeyBeingReplaced").GetBoolean());
        await File.WriteAllTextAsync(In("old.key"), old, Now);
        await KeysOf(In("old.key")).OpenAsync(Now); // a server that has the old file still starts
        await RestartAsync();
        Assert.Equal("kept", await ShownAsync("db"));

        Assert.Equal(204, (await Admin.SendJsonAsync("POST", Path + "/finish-master-key?force=true")).Status);
        Assert.Single((await File.ReadAllTextAsync(KeyFile, Now)).Trim().Split('\n'));
        Assert.False((await StatusAsync()).GetProperty("isMasterKeyBeingReplaced").GetBoolean());
        var behind = await Assert.ThrowsAsync<StrataException>(() => KeysOf(In("old.key")).OpenAsync(Now));
        Assert.Equal("KEY_MISMATCH", behind.Error.Code);
        await RestartAsync();
        Assert.Equal("kept", await ShownAsync("db"));
    }

    /// <summary>A server whose file lacks the new key replaces nothing, and one that has it does not bring the old one back.</summary>
    [Fact]
    public async Task MasterKey_OfAnotherServer_IsNotUndone()
    {
        await SetAsync("db", "kept");
        await File.WriteAllTextAsync(In("behind.key"), await File.ReadAllTextAsync(KeyFile, Now), Now);
        var behind = KeysOf(In("behind.key"));
        await behind.OpenAsync(Now);
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", Path + "/rotate-master-key")).Status);
        await using var alone = (await HeldLease.TryTakeAsync(
            Store.Leases, "keys", HeldLease.NewHolder(TimeProvider.System), TimeSpan.FromSeconds(30), TimeProvider.System, Now))!;
        Assert.Equal("KEY_ROTATION_UNFINISHED", (await behind.FinishMasterKeyAsync(alone.Fence, Now)).Error?.Code);
        Assert.Equal("KEY_ROTATION_UNFINISHED", (await behind.RotateDataKeyAsync(new(TenantId.Platform, "test"), alone.Fence, Now))
            .Error?.Code);
        await File.WriteAllTextAsync(In("behind.key"), await File.ReadAllTextAsync(KeyFile, Now), Now);
        Assert.True((await behind.FinishMasterKeyAsync(alone.Fence, Now)).IsOk);
        await RestartAsync(); // with both keys in its file
        var wraps = (await StatusAsync()).GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("masterKeys").GetArrayLength());
        Assert.All(wraps, w => Assert.Equal(1, w));
        Assert.Equal("kept", await ShownAsync("db"));
    }

    /// <summary>Each moment at which a server may end between two writes.</summary>
    [Fact]
    public async Task MasterKey_CutOffAfterTheFileWasWritten_GoesOnAtTheNextStart()
    {
        await SetAsync("db", "kept");
        var line = (await File.ReadAllTextAsync(KeyFile, Now)).Trim();
        await File.WriteAllTextAsync(KeyFile, MasterKey.Create().ToLine() + "\n" + line + "\n", Now);
        await RestartAsync();
        Assert.Equal("kept", await ShownAsync("db"));
        Assert.Equal(204, (await Admin.SendJsonAsync("POST", Path + "/finish-master-key?force=true")).Status);
        await RestartAsync();
        Assert.Equal("kept", await ShownAsync("db"));
    }

    [Fact]
    public async Task Start_WithoutTheKey_OrWithAnother_IsRefused()
    {
        var missing = await Assert.ThrowsAsync<StrataException>(() => KeysOf(In("none")).OpenAsync(Now));
        Assert.Equal("KEY_MISSING", missing.Error.Code);
        Assert.False(File.Exists(In("none")));
        await File.WriteAllTextAsync(In("other"), MasterKey.Create().ToLine(), Now);
        var other = KeysOf(In("other"));
        Assert.Equal("KEY_MISMATCH", (await Assert.ThrowsAsync<StrataException>(() => other.OpenAsync(Now))).Error.Code);
    }

    [Fact]
    public async Task Keys_AreOperatorsBusiness_AndNotDeletedByHand()
    {
        using var admin = Host.Client(await Host.TokenAsync(Host.Org, "a", ["admin"]));
        Assert.Equal(403, (await admin.SendJsonAsync("GET", Path)).Status);
        foreach (var act in new[] { "rotate-data-key", "rotate-master-key", "finish-master-key" })
            Assert.Equal(403, (await admin.SendJsonAsync("POST", $"{Path}/{act}")).Status);
        var name = (await DataKeysAsync())[0];
        Assert.Equal("DATA_KEY_IN_USE", (await Admin.SendJsonAsync("DELETE", "/api/v1/data-keys/" + name)).Code);
    }

    private async Task<JsonElement> StatusAsync() => (await Admin.SendJsonAsync("GET", Path)).Body;

    private static string? SealingOf(JsonElement status) => status.GetProperty("sealing").GetString();

    private async Task<List<string>> DataKeysAsync() => [.. (await StatusAsync()).GetProperty("keys").EnumerateArray()
        .Select(k => k.GetProperty("name").GetString()!).Where(n => n != "root")];

    private async Task AllSealedUnderAsync(string key)
    {
        var webhook = await Store.Log.ScanAsync(new Scan { Tenant = Host.Org, Model = EntityApi.Webhooks.WebhookKind.Kind.Model }, Now);
        Assert.Contains("sealed2." + key, webhook[0].Document.ToString(), StringComparison.Ordinal);
        foreach (var value in await Store.DurableValues.ListAsync(Host.Org, "secret/", null, 100, Now))
            Assert.Contains("sealed2." + key, value.Value.ToString(), StringComparison.Ordinal);
    }

    private async Task SetAsync(string name, string value)
    {
        await Admin.SendJsonAsync("POST", "/api/v1/secrets", $$"""{"name":"{{name}}","project":"web","spec":{ } }""");
        var set = await Admin.SendJsonAsync("POST", $"/api/v1/secrets/{name}/versions", JsonSerializer.Serialize(new { value }));
        Assert.Equal(201, set.Status);
    }

    private async Task<string> ShownAsync(string name) =>
        (await Admin.SendJsonAsync("POST", $"/api/v1/secrets/{name}/reveal")).Text("value");
}
