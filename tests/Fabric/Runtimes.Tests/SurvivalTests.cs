using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Runtimes;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests;

/// <summary>
/// kill -9 of the process that started an instance. That process is this test program, started once more with a home folder in its
/// environment.
/// </summary>
public sealed class SurvivalTests
{
    private const string HomeVariable = "STRATA_TEST_SURVIVAL_HOME";
    private const string ChoiceVariable = "STRATA_TEST_SURVIVAL_RUNTIME";

    [Theory]
    [InlineData(RuntimeChoice.Oci)]
    [InlineData(RuntimeChoice.Process)]
    public async Task Kill9_OfTheParent_RunsGoOnAndAreAdopted(RuntimeChoice choice)
    {
        await using var machine = await TestMachine.OpenAsync(choice);
        using var parent = Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!,
                Arguments()) { Environment = { [HomeVariable] = machine.Home, [ChoiceVariable] = choice.ToString() } })!;
        var log = Path.Combine(machine.Machine.Paths.Logs, "survivor.log.0");
        try
        {
            await Wait.UntilAsync(
                () => File.Exists(log) && File.ReadAllText(log).Contains("1\n", StringComparison.Ordinal), "the run is up", 120);
        }
        finally
        {
            parent.Kill();
        }
        await parent.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        var length = new FileInfo(log).Length;
        await Wait.UntilAsync(() => new FileInfo(log).Length > length, "it goes on and its output too");
        await machine.ReopenAsync();
        Assert.True(machine.Machine.Runtime.Find("survivor") is { IsRunning: true });
        await machine.Machine.Runtime.TerminateAsync("survivor", CancellationToken.None);
        Assert.Equal(new RunExit(42), await machine.Machine.Runtime.WaitAsync("survivor", CancellationToken.None));
    }

    /// <summary>
    /// The other life of this program; never returns to the test runner. It blocks on purpose: continuations of this assembly cannot run
    /// before its module initializer has ended.
    /// </summary>
    [ModuleInitializer]
    internal static void BeTheParent()
    {
        if (Environment.GetEnvironmentVariable(HomeVariable) is not { } home) return;
        var choice = Enum.Parse<RuntimeChoice>(Environment.GetEnvironmentVariable(ChoiceVariable)!);
        var machine = NodeMachine.OpenAsync(home, choice, TimeProvider.System, NullLogger<NodeMachine>.Instance, CancellationToken.None)
            .GetAwaiter().GetResult();
        machine.Runtime.StartAsync(Request(machine.Paths), CancellationToken.None).GetAwaiter().GetResult();
        using var never = new ManualResetEvent(false);
        never.WaitOne();
    }

    private static RunRequest Request(NodePaths paths) => new()
    {
        Id = "survivor",
        Command = ["/bin/sh", "-c", "trap 'exit 42' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done"],
        Env = new Dictionary<string, string>(),
        AppFolder = Directory.CreateDirectory(Path.Combine(paths.Layers, "app")).FullName,
        LogFile = Path.Combine(paths.Logs, "survivor.log"),
        Port = 8080,
    };

    /// <summary>Started by the dotnet host, the program is its first argument.</summary>
    private static string[] Arguments() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [typeof(SurvivalTests).Assembly.Location] : [];
}
