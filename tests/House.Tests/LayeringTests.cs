using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>
/// Which module may use which: the rooms of docs/architecture.md. A newcomer may rely on it that nothing below knows of what is above,
/// and that neighbors which use one another are few and listed.
/// </summary>
public partial class LayeringTests
{
    /// <summary>Floor by floor, from the ground. Rooms of one floor are side by side.</summary>
    private static readonly string[][] Floors =
        [["Foundation"], ["Engine"], ["Platform"], ["EntityPlatform", "Applications", "Fabric"], ["Program"]];

    /// <summary>Which modules of the same floor a module may use, by what they make public.</summary>
    private static readonly Dictionary<string, string[]> Neighbors = new()
    {
        ["Client"] = ["Core"],
        ["Contracts"] = ["Core"],
        ["Rpc"] = ["Core"],
        ["Telemetry"] = ["Core"],
        ["Storage"] = ["Entities"],
        ["S3Blobs"] = ["Blobs"],
        ["Api"] = ["Resources"],
        ["Compute"] = ["Api", "Resources"],
        ["Identity"] = ["Api", "Resources"],
        ["ResourceRpc"] = ["Api", "Resources"],
        ["Secrets"] = ["Api", "Resources"],
        ["CloudEvents"] = ["EntityApi"],
        ["Agent"] = ["Runtimes"],
        // Builds run in the sandbox of this machine, and placement knows nodes and instances as kinds.
        ["Deployments"] = ["Nodes", "Runtimes"],
        ["Tunnels"] = ["Deployments"],
        ["Cli"] = ["Server"],
    };

    public static TheoryData<string> Modules => [.. Repository.Modules];

    [Fact]
    public void Floors_NameEveryRoom() =>
        Assert.Equal(Repository.Modules.Select(Repository.RoomOf).Distinct().Order(), Floors.SelectMany(f => f).Order());

    [Theory, MemberData(nameof(Modules))]
    public void Module_UsesOnlyWhatIsBelowAndItsListedNeighbors(string module)
    {
        var floor = FloorOf(module);
        var neighbors = Neighbors.GetValueOrDefault(module, []);
        var wrong = Repository.UsedBy(module).Where(used => FloorOf(used) >= floor && !neighbors.Contains(used));
        Assert.True(!wrong.Any(), $"{module} must not use {string.Join(", ", wrong)}: it is above or beside it.");
    }

    [Theory, MemberData(nameof(Modules))]
    public void Module_ShowsItsInternalsToItsTestsAlone(string module)
    {
        var friends = Friend().Matches(Repository.ProjectFile(module)).Select(m => m.Groups[1].Value);
        Assert.All(friends, friend => Assert.Equal($"Strata.{module}.Tests", friend));
    }

    [Fact]
    public void OnlyStorage_SpeaksToTheDatabase()
    {
        var speaks = Repository.Modules.Where(m => Repository.ProjectFile(m).Contains("\"Npgsql\"", StringComparison.Ordinal));
        Assert.Equal(["Storage"], speaks);
    }

    /// <summary>
    /// What runs on other machines, or links into users' programs, uses the public API with an identity of its own, as anyone could. Their
    /// assemblies are asked, because references reach on: one wrong project file below would bring in all of the engine.
    /// </summary>
    [Theory]
    [InlineData("Agent")]
    [InlineData("Edge")]
    [InlineData("Client")]
    public void Assembly_OfAnotherMachine_LinksNothingOfTheEngine(string module)
    {
        string[] allowed = [module, "Client", "Contracts", "Core", "Rpc", "Runtimes"];
        Assert.Empty(Assemblies.ReachedFrom(module).Except(allowed));
    }

    private static int FloorOf(string module) => Array.FindIndex(Floors, f => f.Contains(Repository.RoomOf(module)));

    [GeneratedRegex(@"InternalsVisibleTo Include=""([\w.]+)""")]
    private static partial Regex Friend();
}
