using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Tests.Support;
using Strata.Entities.Engine;

namespace Strata.Deployments.Tests.Variables;

/// <summary>
/// Releases that run the files of another with the variables of now, and secrets in variables up to the instance's document.
/// </summary>
public sealed class VariableReleaseTests
{
    private static readonly (string, string)[] App = [("server.js", "//"), ("package.json", """{"main":"server.js"}""")];

    [Fact]
    public async Task ReleaseOfARelease_RunsTheSameImage_WithTheVariablesOfNow()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = await DeployAsync(cloud, "env: { LEVEL: info, KEPT: file }", ("OWN", "1"), ("GONE", "x"));
        await ChangeAsync(cloud, ("OWN", "2"), ("LEVEL", "debug"));
        await cloud.ReleaseAsync("app", "app-2", new SourceConfig { Release = "app-1" });
        var second = await cloud.UntilBuiltAsync("app-2");
        Assert.True(second.State == ReleaseStates.Ready, second.Status.Message);
        Assert.Equal((first.Status.Image, first.Status.Detected, 2), (second.Status.Image, second.Status.Detected, second.Status.Number));
        Assert.Equal(new Dictionary<string, string> { ["KEPT"] = "file", ["LEVEL"] = "debug", ["OWN"] = "2" }, second.Spec.Env!);
        var log = await cloud.LogAsync(second);
        foreach (var line in new[] { "LEVEL is changed", "OWN is changed", "GONE is removed" })
            Assert.Contains(line, log, StringComparison.Ordinal);
        Assert.DoesNotContain("debug", log, StringComparison.Ordinal);
        await cloud.UntilAsync(
            "app", d => d.State == DeploymentStates.Running && d.Status is { Message: null } && d.Status.Release == second.Id, "it serves");
    }

    [Fact]
    public async Task ReleaseOfARelease_OfAnotherDeployment_OrOneThatFailed_IsRefused()
    {
        await using var cloud = await TestCloud.StartAsync();
        await DeployAsync(cloud, "");
        await cloud.DeploymentAsync("other");
        foreach (var (name, source, why) in new[]
        {
            ("other-1", "app-1", "has no release \"app-1\""), ("other-2", "none", "has no release \"none\""),
            ("other-3", "other-1", "is FAILED and cannot run"),
        })
        {
            await cloud.ReleaseAsync("other", name, new SourceConfig { Release = source });
            var refused = await cloud.UntilBuiltAsync(name);
            Assert.Equal(ReleaseStates.Failed, refused.State);
            Assert.Contains(why, refused.Status.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>As when a deploy ends between the look at the deployment and the release.</summary>
    [Fact]
    public async Task ReleaseOfARelease_WithOtherFilesThanTheDeploymentHas_Fails()
    {
        await using var cloud = await TestCloud.StartAsync();
        await DeployAsync(cloud, "");
        using var folder = new TempFolder();
        foreach (var (name, content) in App) folder.With(name, content);
        await cloud.ReleaseAsync("app", "app-2", folder.With("more.txt", "x").Archive());
        var second = await cloud.UntilBuiltAsync("app-2");
        await cloud.UntilAsync("app", d => d.Status.Release == second.Id && d.State == DeploymentStates.Running, "it runs");
        await cloud.ReleaseAsync("app", "app-3", new SourceConfig { Release = "app-1" });
        var refused = await cloud.UntilBuiltAsync("app-3");
        Assert.Equal(ReleaseStates.Failed, refused.State);
        Assert.Contains("app runs app-2 by now", refused.Status.Message, StringComparison.Ordinal);
        await cloud.ReleaseAsync("app", "app-4", new SourceConfig { Release = "app-2" });
        Assert.Equal(ReleaseStates.Ready, (await cloud.UntilBuiltAsync("app-4")).State);
    }

    /// <summary>The build is the earlier deploy, and would be overtaken by a release of older files.</summary>
    [Fact]
    public async Task ReleaseOfARelease_WhileABuildIsUnderWay_Fails_AndTheBuildGoesOn()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await DeployAsync(cloud, "");
        using var folder = new TempFolder();
        folder.With("strata.yaml", "build: { command: \"while [ ! -e /tmp/never ]; do sleep 0.2; [ $((n=n+1)) -gt 40 ] && exit 0; done\" }\nrun: { command: sleep 9 }");
        await cloud.ReleaseAsync("app", "app-2", folder.With("a.txt", "x").Archive());
        await Wait.UntilAsync(async () => (await cloud.Stores.Releases.GetAsync(cloud.Caller, "app-2", AsOf.Latest, default))
            .Value.State == ReleaseStates.Building, "it is being built");
        await cloud.ReleaseAsync("app", "app-3", new SourceConfig { Release = "app-1" });
        var refused = await cloud.UntilBuiltAsync("app-3");
        Assert.Equal(ReleaseStates.Failed, refused.State);
        Assert.Contains("app-2 is being built", refused.Status.Message, StringComparison.Ordinal);
        var built = await cloud.UntilBuiltAsync("app-2");
        Assert.True(built.State == ReleaseStates.Ready, built.Status.Message);
        await cloud.UntilAsync("app", d => d.Status.Release == built.Id && d.State == DeploymentStates.Running, "the build serves");
    }

    [Fact]
    public async Task Secret_IsCheckedBeforeTheBuild_AndDocumentsKeepTheReference()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var folder = new TempFolder();
        foreach (var (name, content) in App) folder.With(name, content);
        folder.With("strata.yaml", "env: { URL: \"db://${secret.password}@host\" }");
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", folder.Archive());
        var refused = await cloud.UntilBuiltAsync("app-1");
        Assert.Equal((ReleaseStates.Failed, true), (refused.State, refused.Status.SourceRejected));
        Assert.StartsWith("The variable URL cannot be set: There is no secret \"password\" in the project", refused.Status.Message,
            StringComparison.Ordinal);
        Assert.Contains("strata secrets set -p default password", refused.Status.Message, StringComparison.Ordinal);

        await cloud.SecretAsync("password");
        await cloud.ReleaseAsync("app", "app-2", folder.Archive());
        var ready = await cloud.UntilBuiltAsync("app-2");
        Assert.True(ready.State == ReleaseStates.Ready, ready.Status.Message);
        Assert.Equal("db://${secret.password}@host", ready.Spec.Env!["URL"]);
        await cloud.UntilAsync("app", d => d.State == DeploymentStates.Running, "it runs");
        var instances = await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(cloud.Caller.Tenant, null, default));
        Assert.Equal("db://${secret.password}@host", Assert.Single(instances).Spec.Env["URL"]);
    }

    [Fact]
    public async Task Secret_OfAnotherEnvironment_DoesNotExistForTheDeployment()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.SecretAsync("password", environment: "production");
        await DeployAsync(cloud, "");
        await ChangeAsync(cloud, ("PASSWORD", "${secret.password}"));
        await cloud.ReleaseAsync("app", "app-2", new SourceConfig { Release = "app-1" });
        var refused = await cloud.UntilBuiltAsync("app-2");
        Assert.Equal(ReleaseStates.Failed, refused.State);
        Assert.Contains("no secret \"password\" in the project", refused.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("${secret.-}", "names no secret")]
    [InlineData("${secret.Pass_Word}", "names no secret")]
    public async Task StrataYaml_WithAReferenceThatCannotBe_FailsTheBuild(string value, string why)
    {
        await using var cloud = await TestCloud.StartAsync();
        using var folder = new TempFolder();
        foreach (var (name, content) in App) folder.With(name, content);
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", folder.With("strata.yaml", $"env: {{ A: \"{value}\" }}").Archive());
        Assert.Contains(why, (await cloud.UntilBuiltAsync("app-1")).Status.Message, StringComparison.Ordinal);
    }

    private static async Task<ReleaseResource> DeployAsync(TestCloud cloud, string yaml, params (string Name, string Value)[] env)
    {
        using var folder = new TempFolder();
        foreach (var (name, content) in App) folder.With(name, content);
        if (yaml.Length > 0) folder.With("strata.yaml", yaml);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Env = env.ToDictionary(x => x.Name, x => x.Value) });
        await cloud.ReleaseAsync("app", "app-1", folder.Archive());
        var release = await cloud.UntilBuiltAsync("app-1");
        Assert.True(release.State == ReleaseStates.Ready, release.Status.Message);
        await cloud.UntilAsync("app", d => d.State == DeploymentStates.Running, "it runs");
        return release;
    }

    private static async Task ChangeAsync(TestCloud cloud, params (string Name, string Value)[] env) => Assert.True(
        (await cloud.Stores.Deployments.ChangeAsync(cloud.Caller, "app", d => d with
        {
            Spec = d.Spec with { Env = env.ToDictionary(x => x.Name, x => x.Value) },
        }, null, null, default)).IsOk);
}
