using System.Net;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>Tokens that are for certain networks.</summary>
public sealed class TokenNetworksTests
{
    [Fact]
    public async Task Token_IsRefusedFromElsewhere_AndMakesNoneThatIsNot()
    {
        await using var host = await ApiHost.StartAsync(from: IPAddress.Parse("10.1.2.3"));
        using var admin = host.Client();
        using var inside = host.Client(await MadeAsync(admin, """ "10.1.0.0/16" """));
        using var outside = host.Client(await MadeAsync(admin, """ "192.0.2.0/24","10.2.0.0/16" """));
        Assert.Equal(200, (await inside.SendJsonAsync("GET", "/api/v1/projects")).Status);
        Assert.Equal("ADDRESS_NOT_ALLOWED", (await outside.SendJsonAsync("GET", "/api/v1/projects")).Code);
        Assert.Equal(403, (await MakeAsync(inside, null)).Status);
        Assert.Equal(403, (await MakeAsync(inside, """ "10.0.0.0/8" """)).Status);
        Assert.Equal(201, (await MakeAsync(inside, """ "10.1.2.0/24" """)).Status);
        Assert.Equal("VALIDATION_FAILED", (await MakeAsync(admin, """ "everywhere" """)).Code);
        Assert.Equal("VALIDATION_FAILED", (await MakeAsync(admin, "")).Code);
    }

    private static async Task<string> MadeAsync(HttpClient http, string networks) => (await MakeAsync(http, networks)).Text("token");

    private static Task<JsonAnswered> MakeAsync(HttpClient http, string? networks)
    {
        var name = "t-" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N")[20..];
        var limit = networks is null ? "" : $",\"allowedAddresses\":[{networks}]";
        return http.SendJsonAsync("POST", "/api/v1/tokens", $$$"""{"name":"{{{name}}}","spec":{"roles":["admin"]{{{limit}}}} }""");
    }
}
