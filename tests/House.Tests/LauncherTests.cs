using System.Diagnostics;

namespace Strata.House.Tests;

/// <summary>How often the launcher <c>./strata</c> builds, with a <c>dotnet</c> that only notes its calls.</summary>
public sealed class LauncherTests : IDisposable
{
    private const string Dotnet = """
        #!/bin/bash
        [ "$1" != restore ] || exit 0
        case "$*" in *PublishReadyToRun=true*) echo fast;; *) echo plain;; esac >> "$ROOT/calls"
        while [ $# -gt 0 ]; do [ "$1" != -o ] || out=$2; shift; done
        [ ! -s "$ROOT/fault" ] || { cat "$ROOT/fault"; exit 1; }
        mkdir -p "$out"; printf '#!/bin/sh\necho ran\n' > "$out/strata"; chmod +x "$out/strata"
        """;

    private readonly string root = Directory.CreateTempSubdirectory("strata-launcher-").FullName;

    public LauncherTests()
    {
        foreach (var folder in (string[])["src", "scripts", "bin", "samples/welcome"])
            Directory.CreateDirectory(Path.Combine(root, folder));
        File.Copy(Path.Combine(Repository.Root, "strata"), Path.Combine(root, "strata"));
        Write("scripts/prerequisites.sh", "require_prerequisites() { :; }\nsay() { echo \"$*\" >&2; }\n");
        Write("bin/dotnet", Dotnet);
        File.SetUnixFileMode(Path.Combine(root, "bin/dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Write("src/a.cs", "");
        Write("fault", "");
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Run_AfterACompileErrorWasFixed_PublishesOnce()
    {
        Write("fault", "/x/src/a.cs(3,4): error CS1002: ; expected [/x/src/Program/Cli/Cli.csproj]\n");
        Assert.Equal((1, "fast"), Run()); // without machine code it would be the same error
        Write("fault", "");
        Write("src/a.cs", "fixed");
        Assert.Equal((0, "fast"), Run());
        Assert.Equal((0, ""), Run());
    }

    [Fact]
    public void Run_WhereTheCompilerToMachineCodeIsMissing_PublishesWithoutIt()
    {
        Write("fault", "/x/src/Program/Cli/Cli.csproj : error NU1101: Unable to find package microsoft.netcore.app.crossgen2.linux-x64.\n");
        Assert.Equal((1, "fast plain"), Run());
    }

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(root, path), text);

    private (int Code, string Calls) Run()
    {
        Write("calls", "");
        var start = new ProcessStartInfo(Path.Combine(root, "strata"), ["version"]) { RedirectStandardError = true,
            RedirectStandardOutput = true };
        start.Environment["ROOT"] = root;
        start.Environment["PATH"] = $"{Path.Combine(root, "bin")}:{start.Environment["PATH"]}";
        using var launcher = Process.Start(start)!;
        launcher.StandardError.ReadToEnd();
        launcher.WaitForExit();
        return (launcher.ExitCode, string.Join(' ', File.ReadAllLines(Path.Combine(root, "calls"))));
    }
}
