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
        Assert.Contains("has no release \"app-1\"", await cloud.AdmitAsync("other", "app-1"), StringComparison.Ordinal);
        Assert.Contains("has no release \"none\"", await cloud.AdmitAsync("app", "none"), StringComparison.Ordinal);
        Assert.Null(await cloud.AdmitAsync("app", "app-1"));
        // Past the check of the API, as when the release is deleted in between.
        await cloud.ReleaseAsync("other", "other-1", new SourceConfig { Release = "app-1" });
        var refused = await cloud.UntilBuiltAsync("other-1");
        Assert.Equal(ReleaseStates.Failed, refused.State);
        Assert.Contains("has no release \"app-1\"", refused.Status.Message, StringComparison.Ordinal);
        Assert.Contains("is FAILED and cannot run", await cloud.AdmitAsync("other", "other-1"), StringComparison.Ordinal);
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
        Assert.Equal("The variable URL cannot be set: There is no secret \"password\" in the project. Set it: strata secrets set password",
            refused.Status.Message);

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
    [InlineData("${secrets.password}", "cannot be resolved")]
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
