using Strata.Cli.Cloud;
using Strata.Cli.Commands;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Tests.Cloud;

/// <summary>
/// <c>strata install-service</c>. systemctl is a script that notes what it was asked, because a test must not change the machine's own
/// units.
/// </summary>
public sealed class ServiceUnitTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Text_OfAMachineUnit_StartsStrataInTheForegroundAtBoot()
    {
        var lines = Unit().Text.Split('\n');
        Assert.Contains("ExecStart=/opt/strata/strata up --home /srv/cloud --api-port 9000", lines);
        Assert.Contains("Environment=PATH=/usr/bin:/bin", lines);
        Assert.Contains("Restart=on-failure", lines);
        Assert.Contains("KillMode=process", lines);
        Assert.Contains("After=network-online.target", lines);
        Assert.Contains("WantedBy=multi-user.target", lines);
    }

    [Fact]
    public void Text_OfAUserUnit_IsWantedByTheUsersDefaultTarget()
    {
        var text = (Unit() with { IsSystem = false }).Text;
        Assert.Contains("WantedBy=default.target", text, StringComparison.Ordinal);
        Assert.DoesNotContain("network-online", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_WithSpecialCharacters_QuotesThemForSystemd()
    {
        var unit = Unit() with { Home = "/srv/my cloud/100%/$x", Arguments = ["--public-url", "a\"b\\c"],
            Variables = [("PATH", "/my tools:/bin$y")] };
        Assert.Contains("""ExecStart=/opt/strata/strata up --home "/srv/my cloud/100%%/$$x" --public-url "a\"b\\c" """.TrimEnd(), unit.Text, StringComparison.Ordinal);
        Assert.Contains("Environment=\"PATH=/my tools:/bin$y\"", unit.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Install_WithSystemd_WritesAndEnablesTheUnit()
    {
        var file = await Installer().InstallAsync("strata", Unit(), TestContext.Current.CancellationToken);
        Assert.Equal(Unit().Text, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(
            ["daemon-reload", "enable strata.service"], await File.ReadAllLinesAsync(Calls, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Install_Again_ReplacesTheUnitOfTheSameFolderOnly()
    {
        await Installer().InstallAsync("strata", Unit(), TestContext.Current.CancellationToken);
        var file = await Installer().InstallAsync("strata", Unit() with { Arguments = [] }, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(
            "--api-port", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var other = await Assert.ThrowsAsync<StrataException>(
            () => Installer().InstallAsync("strata", Unit() with { Home = "/srv/other" }, TestContext.Current.CancellationToken));
        Assert.Equal("SERVICE_EXISTS", other.Error.Code);
    }

    [Fact]
    public async Task Install_WithoutSystemd_SaysSoAndWritesNothing()
    {
        var installer = Installer() with { RunningMark = Path.Combine(folder.Path, "missing") };
        var refused = await Assert.ThrowsAsync<StrataException>(
            () => installer.InstallAsync("strata", Unit(), TestContext.Current.CancellationToken));
        Assert.Equal("NO_SYSTEMD", refused.Error.Code);
        Assert.False(Directory.Exists(installer.UnitFolder));
    }

    [Fact]
    public async Task Install_WhereSystemctlFails_SaysWhy()
    {
        var refused = await Assert.ThrowsAsync<StrataException>(
            () => Installer("echo 'Access denied' >&2; exit 1").InstallAsync("strata", Unit(), TestContext.Current.CancellationToken));
        Assert.Equal("SERVICE_NOT_ENABLED", refused.Error.Code);
        Assert.Contains("\"systemctl daemon-reload\" failed: Access denied", refused.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Print_OfAnyMachine_PrintsTheUnitAndChangesNothing()
    {
        var home = Path.Combine(folder.Path, "cloud");
        Assert.Equal(0, await RunAsync("install-service", "--print", "--home", home, "--api-port", "9001"));
        Assert.Contains($"up --home {home} --api-port 9001", output.ToString(), StringComparison.Ordinal);
        Assert.Empty(error.ToString());
        Assert.False(Directory.Exists(home));
    }

    [Theory]
    [InlineData("--name", "../x", "is not a name of a unit")]
    [InlineData("--api-port", "x", "api-port")]
    [InlineData("--home", "/srv/x\nExecStartPre=/bin/evil", "control character")]
    [InlineData("--postgres-url", "postgres://u:secret@127.0.0.1/x", "may hold a password")]
    public async Task Print_OfAWrongValue_IsRefused(string flag, string value, string expected)
    {
        Assert.NotEqual(
            0, await RunAsync(["install-service", "--print", .. flag == "--home" ? [] : new[] { "--home", folder.Path }, flag, value]));
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(output.ToString());
    }

    [Fact]
    public void StablePath_OfACheckout_IsTheLinkToTheNewestBuild()
    {
        var program = folder.Write("program/20260101/strata", "");
        Assert.Equal(program, InstallServiceCommand.StablePath(program));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "program/current"), Path.GetDirectoryName(program)!);
        Assert.Equal(Path.Combine(folder.Path, "program/current/strata"), InstallServiceCommand.StablePath(program));
    }

    private string Calls => Path.Combine(folder.Path, "calls");

    private static ServiceUnit Unit() => new()
    {
        Executable = "/opt/strata/strata", Home = "/srv/cloud", Arguments = ["--api-port", "9000"], Variables = [("PATH", "/usr/bin:/bin")],
        IsSystem = true,
    };

    private ServiceInstaller Installer(string script = "exit 0")
    {
        var systemctl = folder.Write("systemctl", $"#!/bin/sh\necho \"$@\" >> {Calls}\n{script}\n");
        File.SetUnixFileMode(systemctl, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new ServiceInstaller(Path.Combine(folder.Path, "units"), IsSystem: true, folder.Path, systemctl);
    }

    private Task<int> RunAsync(params string[] arguments) =>
        StrataCommand.RunAsync(arguments, new Terminal { Out = output, Error = error }, TestContext.Current.CancellationToken);
}
