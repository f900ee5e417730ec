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

    [Fact]
    public async Task Project_OfADeployThatIsRefused_IsRemovedAgain()
    {
        var deploy = await cloud.RunAsync(
            "deploy", Path.Combine(Cloud.Samples, "hello-node"), "--name", "Not_A_Name", "-p", "made-for-nothing", "--create-project");
        Assert.Equal(1, deploy.ExitCode);
        Assert.Contains("Removed project made-for-nothing again", deploy.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await cloud.RunAsync("get", "project", "made-for-nothing")).ExitCode);
    }

    /// <summary>A machine without a cloud, which signs in to this one.</summary>
    [Fact]
    public async Task Login_OnAnotherMachine_IsWhoItsTokenIs_UntilLogout()
    {
        var home = Directory.CreateTempSubdirectory("strata-e2e-guest-").FullName;
        try
        {
            var token = (await cloud.RunAsync("token", "create", "cli-guest", "--role", "viewer", "-q")).ShouldSucceed().Output.Trim();
            await TestSupport.Script.RunAsync(
                "bash", ["-c", "printf '%s\\n' \"$1\" | STRATA_URL= STRATA_TOKEN= \"$2\" login \"$3\" --name guest --home \"$4\"", "-", token,
                    Cloud.Program, cloud.ApiUrl.ToString(), home], home);
            var me = (await cloud.RunAsync("whoami", "--home", home, "-o", "json")).ShouldSucceed().Json;
            Assert.Equal("guest", me.GetProperty("context").GetString());
            Assert.Equal("token:cli-guest", me.GetProperty("caller").GetProperty("actor").GetString());
            (await cloud.RunAsync("get", "deployments", "--home", home)).ShouldSucceed();
            var refused = await cloud.RunAsync("deploy", Path.Combine(Cloud.Samples, "hello-node"), "--name", "guests", "--home", home);
            Assert.Contains("deployments.write, releases.write, blobs.write", refused.Error, StringComparison.Ordinal);
            (await cloud.RunAsync("logout", "--home", home)).ShouldSucceed();
            Assert.Contains(" login http", (await cloud.RunAsync("whoami", "--home", home)).Error, StringComparison.Ordinal);
            Assert.DoesNotContain(token, await File.ReadAllTextAsync(
                Path.Combine(home, "context.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            Folder.Delete(home);
        }
    }

    [Fact]
    public async Task Role_IsMade_GivenToAToken_AndExplained()
    {
        (await cloud.RunAsync("role", "create", "cli-deployer", "--allow", "deployments.*", "releases.read")).ShouldSucceed();
        Assert.Contains("cli-deployer", (await cloud.RunAsync("roles", "list")).ShouldSucceed().Output, StringComparison.Ordinal);
        var token = (await cloud.RunAsync("token", "create", "cli-deployer-token", "--role", "cli-deployer")).ShouldSucceed();
        var explained = (await cloud.RunAsync("access", "explain", "cli-deployer-token", "deployments.write")).ShouldSucceed();
        Assert.StartsWith("allowed\n", explained.Output, StringComparison.Ordinal);
        Assert.Contains("+ The role cli-deployer holds deployments.write.", explained.Output, StringComparison.Ordinal);
        var refused = await cloud.RunAsync("access", "explain", "cli-deployer-token", "entities.write");
        Assert.Equal((1, true), (refused.ExitCode, refused.Output.StartsWith("not allowed\n", StringComparison.Ordinal)));
        var holders = (await cloud.RunAsync("access", "who-can", "deployments.write")).ShouldSucceed();
        Assert.Contains("cli-deployer-token", holders.Output, StringComparison.Ordinal);
        Assert.Contains("entities.write", (await cloud.RunAsync("access", "permissions")).ShouldSucceed().Output, StringComparison.Ordinal);

        var variables = new Dictionary<string, string> { ["STRATA_TOKEN"] = token.Output.Trim(), ["STRATA_URL"] = cloud.ApiUrl.ToString() };
        (await cloud.RunAsync(variables, "get", "deployments")).ShouldSucceed();
        Assert.Contains("routes.read", (await cloud.RunAsync(variables, "get", "routes")).Error, StringComparison.Ordinal);
        (await cloud.RunAsync("role", "set", "cli-deployer", "--allow", "routes.read", "deployments.read")).ShouldSucceed();
        await Wait.UntilAsync(async () => (await cloud.RunAsync(variables, "get", "routes")).ExitCode == 0, "the token follows its role");
        Assert.Contains("ROLE_IN_USE", (await cloud.RunAsync("delete", "role/cli-deployer", "-y")).Error, StringComparison.Ordinal);
        (await cloud.RunAsync("token", "revoke", "cli-deployer-token", "-y")).ShouldSucceed();
        (await cloud.RunAsync("delete", "role/cli-deployer", "-y")).ShouldSucceed();
    }

    /// <summary>The role of docs/identity.md.</summary>
    [Fact]
    public async Task Role_OfAPipeline_DeploysAndNothingElse()
    {
        (await cloud.RunAsync("role", "create", "pipeline", "--allow", "deployments.*,releases.*", "blobs.*")).ShouldSucceed();
        var token = (await cloud.RunAsync("token", "create", "pipeline", "--role", "pipeline", "-p", "default")).ShouldSucceed();
        var variables = new Dictionary<string, string> { ["STRATA_TOKEN"] = token.Output.Trim(), ["STRATA_URL"] = cloud.ApiUrl.ToString() };
        var folder = Path.Combine(Cloud.Samples, "welcome");
        (await cloud.RunAsync(variables, "deploy", folder, "--name", "by-pipeline")).ShouldSucceed();
        Assert.Contains("entities.read", (await cloud.RunAsync(variables, "entity", "list", "order")).Error, StringComparison.Ordinal);
        Assert.Equal(1, (await cloud.RunAsync(variables, "token", "create", "more", "--role", "pipeline")).ExitCode);
        (await cloud.RunAsync("delete", "by-pipeline", "-y")).ShouldSucceed();
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
