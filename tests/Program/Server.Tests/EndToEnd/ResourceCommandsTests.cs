using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Lists and histories of resources by the command line, over the real database.</summary>
public sealed class ResourceCommandsTests(SharedCloud cloud)
{
    [Fact]
    public async Task History_OfADeletedName_IsThatOfTheOneDeletedLast()
    {
        var (first, second) = (await CreateAndDeleteAsync(), await CreateAndDeleteAsync());
        var history = (await cloud.RunAsync("history", "project/history-gone")).ShouldSucceed();
        Assert.Contains("The project \"history-gone\" was deleted at ", history.Error, StringComparison.Ordinal);
        Assert.Contains($"the one deleted last, {second}.", history.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains($"strata history {first}", history.Error, StringComparison.Ordinal);
        Assert.Contains(" deleted ", history.Output, StringComparison.Ordinal);
        var earlier = (await cloud.RunAsync("history", first, "-o", "json")).ShouldSucceed().Json;
        Assert.All(earlier.EnumerateArray(), r => Assert.Equal(first, r.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Get_ByAnUnknownField_IsAnError_AndSortedHasNoMoreThanTheLimit()
    {
        var refused = await cloud.RunAsync("get", "deployments", "--where", "spec.replica=1");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("is not a field of deployments.", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Did you mean", refused.Error, StringComparison.Ordinal);
        var found = (await cloud.RunAsync("get", "deployments", "--sort", "-createdAt,name", "-n", "1", "-q")).ShouldSucceed();
        Assert.Single(found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private async Task<string> CreateAndDeleteAsync()
    {
        var body = JsonText.FromString("""{"name":"history-gone","spec":{}}""");
        using var made = await cloud.Client.SendAsync(HttpMethod.Post, "/api/v1/projects", body);
        var id = made!.RootElement.GetProperty("id").GetString()!;
        using var deleted = await cloud.Client.SendAsync(HttpMethod.Delete, "/api/v1/projects/" + id);
        return id;
    }
}
