using Strata.Contracts;
using Strata.Deployments.Kinds;
using Strata.Deployments.Retention;

namespace Strata.Deployments.Tests.Retention;

/// <summary>Which releases are deleted, and which are kept.</summary>
public sealed class ExpiredTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>One that was cancelled before its build began has no number.</summary>
    [Fact]
    public void Expired_ACancelledReleaseWithoutANumber_IsKeptLikeAFailedOne()
    {
        ReleaseResource[] releases = [.. Enumerable.Range(0, 5).Select(i => Release(i, ReleaseStates.Failed, i + 1)),
            Release(5, ReleaseStates.Cancelled, 0)];
        Assert.Equal(["r0", "r1", "r2"], Expired(releases, 2));
    }

    [Fact]
    public void Expired_ManyOfOneOutcome_PushOutNoneOfAnother()
    {
        ReleaseResource[] releases =
        [
            Release(0, ReleaseStates.Ready, 1), Release(1, ReleaseStates.Failed, 2),
            .. Enumerable.Range(2, 5).Select(i => Release(i, ReleaseStates.Cancelled, 0)),
        ];
        Assert.Equal(["r2", "r3", "r4"], Expired(releases, 2));
    }

    [Fact]
    public void Expired_WhatRunsOrIsRolledOut_IsNever()
    {
        ReleaseResource[] releases = [.. Enumerable.Range(0, 5).Select(i => Release(i, ReleaseStates.Ready, i + 1))];
        Assert.Equal(["r2"], Expired(releases, 2, running: "r0", candidate: "r1"));
    }

    [Theory]
    [InlineData(DeploymentStates.Pending, true)]
    [InlineData(DeploymentStates.Running, true)]
    [InlineData(DeploymentStates.Failed, true)]
    [InlineData(DeploymentStates.Removing, false)]
    public void Retires_ADeployment_InEachStateInWhichItStays(string state, bool expected) =>
        Assert.Equal(expected, RetentionController.Retires(state));

    private static string[] Expired(ReleaseResource[] releases, int kept, string? running = null, string? candidate = null)
    {
        var deployment = new DeploymentResource
        {
            Id = "d", Kind = "deployment", Name = "d", Org = "o", State = DeploymentStates.Running, Revision = 1, CreatedAt = Start,
            UpdatedAt = Start, UpdatedBy = "x",
            Spec = new DeploymentSpec(), Status = new DeploymentStatus { Release = running, Candidate = candidate },
        };
        return [.. RetentionController.Expired(deployment, releases, kept).Select(r => r.Id).Order(StringComparer.Ordinal)];
    }

    private static ReleaseResource Release(int index, string state, int number) => new()
    {
        Id = $"r{index}", Kind = "release", Name = $"r{index}", Org = "o", State = state, Revision = 1, CreatedAt = Start.AddMinutes(index),
        UpdatedAt = Start, UpdatedBy = "x",
        Spec = new ReleaseSpec { Deployment = "d", Source = new SourceConfig() }, Status = new ReleaseStatus { Number = number },
    };
}
