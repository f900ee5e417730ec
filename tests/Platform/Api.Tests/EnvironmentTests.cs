using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>The label "environment" names an environment that there is; other labels mean what their users want.</summary>
public sealed class EnvironmentTests
{
    [Fact]
    public async Task Label_NamesAnEnvironmentThatThereIs()
    {
        await using var host = await ApiHost.StartAsync();
        using var admin = host.Client();
        Assert.Contains("strata environments create", await FaultAsync(admin, "POST", "/api/v1/boxes", Box("early", "staging")),
            StringComparison.Ordinal);
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/environments", """{"name":"staging","spec":{}}""")).Status);
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/boxes", Box("one", "staging"))).Status);
        await FaultAsync(admin, "PATCH", "/api/v1/boxes/one", """{"labels":{"environment":"stagin"}}""");
        await FaultAsync(admin, "PATCH", "/api/v1/boxes/one", """{"labels":{"environment":""}}""");
        Assert.Equal(200, (await admin.PatchAsync("/api/v1/boxes/one", """{"labels":{"tier":"stagin"}}""")).Status);
        Assert.Equal(200, (await admin.PatchAsync("/api/v1/boxes/one", """{"labels":{"environment":null}}""")).Status);
        var id = (await admin.SendJsonAsync("GET", "/api/v1/environments/staging")).Body.GetProperty("id").GetString();
        await FaultAsync(admin, "PATCH", "/api/v1/boxes/one", $$$"""{"labels":{"environment":"{{{id}}}"}}"""); // a name, as rights have it
    }

    private static string Box(string name, string environment) =>
        $$$"""{"name":"{{{name}}}","project":"web","labels":{"environment":"{{{environment}}}"},"spec":{}}""";

    private static async Task<string> FaultAsync(HttpClient http, string method, string path, string body)
    {
        var answer = method == "PATCH" ? await http.PatchAsync(path, body) : await http.SendJsonAsync(method, path, body);
        Assert.Equal(400, answer.Status);
        Assert.Contains("labels.environment", answer.Body.GetRawText(), StringComparison.Ordinal);
        return answer.Body.GetRawText();
    }
}
