using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Runtimes.Tests.Machines;

/// <summary>A machine with a home folder of its own; takes its bridge, groups and files away at the end.</summary>
internal sealed class TestMachine : IAsyncDisposable
{
    private readonly NodeMachineOptions options;
    private readonly SmallDisk? disk;

    private TestMachine(string home, NodeMachine machine, NodeMachineOptions options, SmallDisk? disk) =>
        (Home, Machine, this.options, this.disk) = (home, machine, options, disk);

    public string Home { get; }
    public NodeMachine Machine { get; private set; }

    /// <param name="disk">Null: the home folder is on this machine's own disk. The machine disposes it.</param>
    public static async Task<TestMachine> OpenAsync(RuntimeChoice choice, NodeMachineOptions? options = null, SmallDisk? disk = null)
    {
        options ??= new NodeMachineOptions();
        var home = disk is null ? Path.Combine(Path.GetTempPath(), "strata-test-" + Guid.CreateVersion7().ToString("N")[^12..])
            : Path.Combine(disk.Path, "home");
        try
        {
            return new TestMachine(home, await OpenAsync(home, choice, options), options, disk);
        }
        catch (StrataException e) when (e.Error.Code == "RUNTIME_UNAVAILABLE")
        {
            Folder.Delete(home);
            if (disk is not null) await disk.DisposeAsync();
            if (Environment.GetEnvironmentVariable("STRATA_TEST_REQUIRE_OCI") == "1") throw;
            Assert.Skip(e.Error.Message);
            throw;
        }
    }

    /// <summary>A second life over the same folder: what the first started is adopted.</summary>
    public async Task ReopenAsync() =>
        Machine = await OpenAsync(Home, Machine.Runtime.Name == "oci" ? RuntimeChoice.Oci : RuntimeChoice.Process, options);

    /// <summary>A folder with these files, as an unpacked application.</summary>
    public string App(params (string Name, string Content)[] files)
    {
        var folder = Path.Combine(Machine.Paths.Layers, Guid.CreateVersion7().ToString("N"));
        Directory.CreateDirectory(folder);
        foreach (var (name, content) in files) File.WriteAllText(Path.Combine(folder, name), content);
        return folder;
    }

    public async ValueTask DisposeAsync()
    {
        await Machine.TearDownAsync(CancellationToken.None);
        Folder.Delete(Home);
        if (disk is not null) await disk.DisposeAsync();
    }

    private static Task<NodeMachine> OpenAsync(string home, RuntimeChoice choice, NodeMachineOptions options) =>
        NodeMachine.OpenAsync(home, choice, options, TimeProvider.System, NullLogger<NodeMachine>.Instance, CancellationToken.None);
}
