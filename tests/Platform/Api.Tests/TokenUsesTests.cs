using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>A token says on which day it was last used, in one revision a day.</summary>
public sealed class TokenUsesTests
{
    [Fact]
    public async Task Token_ThatIsUsed_SaysWhen_OnceADay()
    {
        await using var host = await ApiHost.StartAsync();
        using var admin = host.Client();
        var text = await host.TokenAsync(host.Org, "ci", ["viewer"]);
        using var used = host.Client(text);
        Assert.Null(await LastUsedAsync(admin));
        Assert.Equal(200, (await used.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        await Wait.UntilAsync(async () => await LastUsedAsync(admin) is not null, "its use is written down");
        var revision = (await admin.SendJsonAsync("GET", "/api/v1/tokens/ci")).Body.GetProperty("revision").GetInt64();
        await Wait.UntilAsync(async () => (await admin.SendJsonAsync("GET", "/api/v1/tokens/admin")).Body.GetProperty("status")
            .TryGetProperty("lastUsedAt", out _), "the administrator's own too");
        for (var i = 0; i < 20; i++) Assert.Equal(200, (await used.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        Assert.Equal(revision, (await admin.SendJsonAsync("GET", "/api/v1/tokens/ci")).Body.GetProperty("revision").GetInt64());
    }

    private static async Task<string?> LastUsedAsync(HttpClient admin) =>
        (await admin.SendJsonAsync("GET", "/api/v1/tokens/ci")).Body.GetProperty("status").TryGetProperty("lastUsedAt", out var at)
            ? at.GetString() : null;
}
