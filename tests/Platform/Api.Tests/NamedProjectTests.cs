using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>A call that names a project reaches into no other one, though names are unique in the whole organization.</summary>
public sealed class NamedProjectTests
{
    [Fact]
    public async Task Call_ThatNamesAProject_IsAboutWhatIsInIt()
    {
        await using var host = await ApiHost.StartAsync();
        using var admin = host.Client();
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/projects", """{"name":"side","spec":{}}""")).Status);
        foreach (var (name, project) in new[] { ("one", "web"), ("two", "side") })
            Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/boxes",
                $$$"""{"name":"{{{name}}}","project":"{{{project}}}","spec":{}}""")).Status);
        using var side = host.Client();
        side.DefaultRequestHeaders.Add("Strata-Project", "side");
        var refused = await side.SendJsonAsync("GET", "/api/v1/boxes/one");
        Assert.Equal((404, "NOT_FOUND"), (refused.Status, refused.Code));
        Assert.Contains("in the project \\\"side\\\"", refused.Body.GetRawText().Replace("\\u0022", "\\\"", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.Equal(404, (await side.PatchAsync("/api/v1/boxes/one", """{"labels":{"a":"b"}}""")).Status);
        Assert.Equal(404, (await side.SendJsonAsync("GET", "/api/v1/boxes/one/history")).Status);
        Assert.Equal(404, (await side.SendJsonAsync("DELETE", "/api/v1/boxes/one")).Status);
        Assert.Equal(200, (await side.PatchAsync("/api/v1/boxes/two", """{"labels":{"a":"b"}}""")).Status);
        using var nowhere = host.Client();
        nowhere.DefaultRequestHeaders.Add("Strata-Project", "nowhere");
        var unknown = await nowhere.SendJsonAsync("GET", "/api/v1/boxes/one");
        Assert.Equal((404, "NOT_FOUND"), (unknown.Status, unknown.Code)); // nothing shows whether there is such a project
        Assert.Contains("Another project", unknown.Text("next"), StringComparison.Ordinal);
        var listed = (await side.SendJsonAsync("GET", "/api/v1/boxes")).Body.GetProperty("items");
        Assert.Equal("two", Assert.Single(listed.EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(2, (await side.SendJsonAsync("GET", "/api/v1/projects")).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(200, (await admin.SendJsonAsync("DELETE", "/api/v1/boxes/one")).Status);
    }
}
