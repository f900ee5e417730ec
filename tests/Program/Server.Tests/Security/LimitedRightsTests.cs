using System.Security.Cryptography;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// Rights for resources with certain labels: a caller who may develop in staging gets at nothing else by any way that there is.
/// </summary>
public sealed class LimitedRightsTests(SecurityClouds clouds)
{
    private const string Staging = """ "labels":{"environment":"staging"} """;

    [Fact]
    public async Task DeveloperOfStaging_ReachesNothingElse()
    {
        var cloud = await clouds.InProcessAsync();
        foreach (var environment in new[] { "staging", "production" })
        {
            var made = await cloud.CallAsync(
                cloud.A.Admin, "POST", "/api/v1/environments", $$$"""{"name":"{{{environment}}}","spec":{}}""");
            Assert.True(made.Status == 201, made.Body.ToString());
        }
        var token = await LimitedAsync(cloud);
        foreach (var (name, environment) in new[] { ("lim-stage", "staging"), ("lim-prod", "production") })
            foreach (var plural in new[] { "deployments", "secrets" })
                Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/" + plural,
                    $$$"""{"name":"{{{name}}}","project":"default","labels":{"environment":"{{{environment}}}"},"spec":{} }""")).Status);
        Assert.Equal(["lim-stage"], await NamesAsync(cloud, token, "deployments"));
        Assert.Equal(["lim-stage"], await NamesAsync(cloud, token, "secrets"));
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData("limited"u8));
        Assert.InRange(
            (await cloud.CallAsync(token, "PUT", $"/api/v1/blobs/{digest}", "limited", "application/octet-stream")).Status, 200, 299);

        foreach (var (status, method, path, body) in new (int, string, string, string?)[]
        {
            (404, "GET", "deployments/lim-prod", null), (404, "GET", "deployments/lim-prod/logs", null),
            (404, "GET", "deployments/lim-prod/history", null), (404, "DELETE", "deployments/lim-prod", null),
            (404, "PATCH", "deployments/lim-prod", """{"spec":{"env":{"A":"b"}}}"""),
            (404, "POST", "deployments/lim-prod/transitions/restart", null), (404, "GET", "secrets/lim-prod", null),
            (404, "POST", "secrets/lim-prod/versions", """{"value":"x"}"""), (403, "POST", "secrets/lim-prod/reveal", null),
            (403, "POST", "secrets/lim-stage/reveal", null), // a developer sets, and does not see
            (403, "PATCH", "deployments/lim-stage", """{"labels":{"environment":"production"}}"""),
            (403, "PATCH", "deployments/lim-stage", """{"labels":{"environment":null}}"""),
            (400, "POST", "releases", Release("lim-prod", digest, Staging)), (403, "POST", "releases", Release("lim-stage", digest, null)),
            (400, "POST", "routes", $$"""{"name":"lim-route","project":"default",{{Staging}},"spec":{"host":"lim.localhost","deployment":"lim-prod"} }"""),
            (403, "POST", "tunnels", """{"name":"lim-tunnel","project":"default","spec":{}}"""),
            (403, "POST", "deployments", """{"name":"lim-new","project":"default","spec":{}}"""),
            (403, "POST", "tokens", """{"name":"lim-token","spec":{"roles":["viewer"]}}"""), (403, "GET", "tokens", null),
            (403, "POST", "projects", """{"name":"lim-project","spec":{}}"""),
            (403, "POST", "bindings", """{"name":"lim","spec":{"subjects":["team/x"],"roles":["admin"]}}"""),
            (403, "GET", "access/holders?permission=deployments.write", null), (403, "GET", "webhooks", null),
        })
        {
            var answer = await cloud.CallAsync(token, method, "/api/v1/" + path, body,
                method == "PATCH" ? "application/merge-patch+json" : "application/json");
            Assert.True(answer.Status == status, $"{method} {path}: {answer.Status} {answer.Body}");
        }
        foreach (var (method, path, body) in new (string, string, string?)[]
        {
            ("POST", "secrets/lim-stage/versions", """{"value":"x"}"""), ("PATCH", "deployments/lim-stage", """{"spec":{"env":{"A":"b"}}}"""),
            ("GET", "deployments/lim-stage/logs", null), ("POST", "releases", Release("lim-stage", digest, Staging)),
            ("POST", "tunnels", $$"""{"name":"lim-tunnel","project":"default",{{Staging}},"spec":{} }"""),
            ("DELETE", "deployments/lim-stage", null),
        })
        {
            var answer = await cloud.CallAsync(token, method, "/api/v1/" + path, body,
                method == "PATCH" ? "application/merge-patch+json" : "application/json");
            Assert.True(answer.Status is >= 200 and < 300, $"{method} {path}: {answer.Status} {answer.Body}");
        }
        // Business data has no labels, so none of it is given.
        Assert.Equal(403, (await cloud.CallAsync(token, "POST", "/api/model/import/JSON/SAMPLE_DATA/limited/1", """{"a":1}""")).Status);
    }

    private static string Release(string deployment, string digest, string? labels) => $$"""
        {"name":"{{deployment}}-x","project":"default",{{(labels is null ? "" : labels + ",")}}
         "spec":{"deployment":"{{deployment}}","source":{"archive":"{{digest}}"} } }
        """;

    /// <summary>The token of a person: a client has rights of its own beside.</summary>
    private static async Task<string> LimitedAsync(SecurityCloud cloud)
    {
        const string email = "limited@example.com";
        Assert.Equal(201, (await cloud.CallAsync(
            cloud.A.Admin, "POST", "/api/v1/roles", """{"name":"lim-none","spec":{"permissions":["kinds.read"]}}""")).Status);
        var link = (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/invitations",
            $$$"""{"spec":{"email":"{{{email}}}","roles":["lim-none"]}}""")).Body.GetProperty("link").GetString()!;
        using var browser = await SignUp.AcceptAsync(cloud, link, email);
        var token = await SignUp.TokenAsync(browser, cloud.A.Id);
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/bindings",
            """{"name":"limited","spec":{"subjects":["person/limited"],"roles":["developer"],"labels":{"environment":"staging"}}}""")).Status);
        await Wait.UntilAsync(async () => (await cloud.CallAsync(token, "GET", "/api/v1/secrets")).Status == 200,
            "the binding is in force");
        return token;
    }

    private static async Task<List<string>> NamesAsync(SecurityCloud cloud, string token, string plural)
    {
        var listed = await cloud.CallAsync(token, "GET", $"/api/v1/{plural}?limit=200");
        Assert.Equal(200, listed.Status);
        return [.. listed.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("name").GetString()!)];
    }
}
