using Strata.Contracts;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Tests.Kinds;

public sealed class ReleaseVariablesTests
{
    [Theory]
    [InlineData("", "", "", false)]
    [InlineData("a=1", "a=1", "", false)]
    [InlineData("a=1", "a=2", "", true)]
    [InlineData("a=1", "", "", true)]
    [InlineData("", "a=1", "", true)] // removed
    [InlineData("", "a=1", "a=1", false)] // strata.yaml's own
    [InlineData("a=2", "a=2", "a=1", false)] // the deployment's wins
    [InlineData("", "a=2", "a=1", true)] // removed: strata.yaml's would count again
    [InlineData("b=1", "a=1 b=1", "a=1", false)]
    public void HaveChanged_ComparesWithWhatABuildWouldGive(string wanted, string built, string source, bool expected) =>
        Assert.Equal(expected, ReleaseVariables.HaveChanged(Map(wanted), Release(Map(built), Map(source))));

    [Fact]
    public void HaveChanged_ReleaseOfAnOlderVersion_NoticesNoRemoval() =>
        Assert.False(ReleaseVariables.HaveChanged(Map(""), Release(Map("a=1"), null)));

    private static Dictionary<string, string> Map(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(x => x.Split('=')).ToDictionary(x => x[0], x => x[1]);

    private static ReleaseResource Release(Dictionary<string, string> built, Dictionary<string, string>? source) => new()
    {
        Id = "rel_1", Kind = "release", Name = "web-1", Org = "org_1", State = ReleaseStates.Ready, Revision = 1, CreatedAt = default,
        UpdatedAt = default, UpdatedBy = "test", Spec = new ReleaseSpec { Deployment = "dep_1", Source = new(), Env = built },
        Status = new ReleaseStatus { SourceEnv = source },
    };
}
