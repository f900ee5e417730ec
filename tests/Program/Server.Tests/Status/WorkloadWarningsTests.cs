using Strata.Contracts;
using Strata.Server.Status;

namespace Strata.Server.Tests.Status;

public class WorkloadWarningsTests
{
    private static List<StatusWarning> Of(
        (string Name, string State)[]? nodes = null, (string Name, string State)[]? applications = null, string[]? notIsolated = null,
        string? starting = null) =>
        [.. WorkloadWarnings.Of(In(nodes), In(applications), notIsolated ?? [], starting)];

    private static List<Workload> In((string Name, string State)[]? all) => [.. (all ?? []).Select(x => new Workload(x.Name, x.State))];

    [Fact]
    public void AllWell_HasNoWarnings() =>
        Assert.Empty(Of([("n1", NodeStates.Up)], [("shop", DeploymentStates.Running), ("cart", DeploymentStates.RollingOut)]));

    [Fact]
    public void NodesThatAreDown_AreNamed_WithTheCommandThatForgetsTheFirst()
    {
        var warning = Assert.Single(Of([("n3", NodeStates.Down), ("n1", NodeStates.Up), ("n2", NodeStates.Down)]));
        Assert.Equal("n2, n3 are DOWN: no heartbeat of the agent", warning.Message);
        Assert.EndsWith("strata delete node/n2", warning.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void LastNodeDown_SaysThatNothingStarts() =>
        Assert.Equal(
            "n1 is DOWN: no heartbeat of the agent, so nothing can be started", Assert.Single(Of([("n1", NodeStates.Down)])).Message);

    /// <summary>Its first heartbeat comes in a moment.</summary>
    [Fact]
    public void OwnNode_OfAServerThatHasJustStarted_IsNotReported()
    {
        Assert.Empty(Of([("n1", NodeStates.Down)], starting: "n1"));
        Assert.Single(Of([("n1", NodeStates.Down), ("n2", NodeStates.Down)], starting: "n1"));
    }

    [Fact]
    public void FailedApplications_AreCounted_WithoutThoseBeingRemoved()
    {
        var failed = Enumerable.Range(1, 7).Select(i => ($"app-{i}", DeploymentStates.Failed)).ToArray();
        Assert.StartsWith("7 of 8 applications fail: app-1, app-2, app-3, app-4, app-5 and 2 more",
            Assert.Single(Of(applications: [.. failed, ("fine", DeploymentStates.Running)])).Message, StringComparison.Ordinal);
        Assert.StartsWith("all applications fail",
            Assert.Single(Of(applications: [.. failed, ("gone", DeploymentStates.Removing)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingIsolation_IsAWarning() =>
        Assert.Equal("isolation: No namespaces.", Of(notIsolated: ["No namespaces."]).Select(w => $"{w.What}: {w.Message}").Single());
}
