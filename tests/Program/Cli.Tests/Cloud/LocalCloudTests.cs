using Strata.Cli.Tests.Context;
using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Strata.Cli.Cloud;
using Strata.Cli.Commands;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Tests.Cloud;

/// <summary>What commands say where the server of this machine does not answer, and what doctor and status show where it does.</summary>
public sealed class LocalCloudTests : IDisposable
{
    private static readonly string[] Lines = ["get deployments", "logs shop", "deploy .", "token list", "status", "doctor", "scale shop 2"];

    private readonly TempFolder home = new();
    private readonly List<Process> processes = [];

    public void Dispose()
    {
        foreach (var process in processes)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
        }
        home.Dispose();
    }

    [Fact]
    public async Task Run_WhileTheServerIsStartedAgain_SaysSoInEachCommand()
    {
        Know(Unused());
        var watchdog = Start(Watchdog.Command[0], [.. Watchdog.Command.Skip(1), "/bin/sh", "-c", "sleep 600", home.Path]);
        home.Write("run/watch.pid", $"{watchdog.Id}");
        foreach (var line in Lines)
        {
            var (code, said) = await RunAsync(line);
            Assert.Equal(1, code);
            Assert.Contains("is being started again", said, StringComparison.Ordinal);
            // What doctor proposes for a port that another program of this machine has is something else.
            Assert.DoesNotContain(said.Split('\n'), l => l.Contains($"{home.Path} up") && !l.Contains("which is free"));
        }
    }

    [Fact]
    public async Task Run_WhoseConnectionIsLost_SaysOnceThatItMayBeTriedAgain()
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            http.Abort();
            return Task.FromResult("");
        };
        Know(api.Address.Port);
        var watchdog = Start(Watchdog.Command[0], [.. Watchdog.Command.Skip(1), "/bin/sh", "-c", "sleep 600", home.Path]);
        home.Write("run/watch.pid", $"{watchdog.Id}");
        var (_, said) = await RunAsync("get deployments");
        Assert.Contains("CONNECTION_LOST", said, StringComparison.Ordinal);
        Assert.Single(said.Split("ry again").Skip(1));
    }

    [Theory]
    [InlineData("", "edge and database")]
    [InlineData("(set)", "the existing PostgreSQL that it uses runs on")]
    public void DownAll_SaysWhatBecomesOfTheDatabase(string postgresUrl, string expected)
    {
        home.Write("run/settings.json", $$"""[{"name":"postgres-url","value":"{{postgresUrl}}","source":"flag --postgres-url"}]""");
        Assert.Contains(expected, DownCommand.AllDown(new HomeLayout(home.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_OfSeveralServers_ShowsTheHeartbeatOfEach()
    {
        await using var api = await FakeApi.StartAsync();
        var ago = $"{TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(3):O}";
        api.Answer = Status(api.Address, $$"""
            [],"servers":[{"name":"a","state":"UP","isSelf":true},{"name":"b","state":"DOWN","isSelf":false,"heartbeat":"{{ago}}"}]
            """);
        var (_, said) = await RunAsync($"status --server {api.Address}");
        Assert.Matches(@"a \(this one\) +UP .*under 15s ago", said);
        Assert.Matches(@"b +DOWN .*3m ago", said);
    }

    [Fact]
    public void Create_OfADataFolder_ClosesItsKeyToOthers_ButNotWhatIsMounted()
    {
        const UnixFileMode open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        var (key, mounted) = (home.Write("cloud.key", "x"), home.Write("mounted/context.json", "{}"));
        File.CreateSymbolicLink(Path.Combine(home.Path, "context.json"), mounted);
        foreach (var file in (string[])[key, mounted]) File.SetUnixFileMode(file, open);
        new HomeLayout(home.Path).Create();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        Assert.Equal(open, File.GetUnixFileMode(mounted));
    }

    [Theory]
    [InlineData(true, "http://127.0.0.1:1", "You are signed in as admin here")]
    [InlineData(true, "https://cloud.example", "You are signed in as admin here")]
    [InlineData(false, "http://127.0.0.1:1", "You are not signed in here")]
    [InlineData(false, "https://cloud.example", "login http://127.0.0.1:1")]
    public async Task Up_SaysWhetherAnybodyIsSignedIn(bool hasToken, string publicUrl, string expected)
    {
        var cloud = Cloud(ready: true) with { ApiUrl = new Uri(publicUrl) };
        await home.KeepAsync(new CliContext { Server = "http://127.0.0.1:1", Token = hasToken ? "x" : null });
        var text = new StringWriter();
        var command = new RootCommand();
        foreach (var option in GlobalOptions.All) command.Add(option);
        using var run = new Run(command.Parse(["--home", home.Path]), new Terminal { Out = text, Error = text });
        (await CloudSummary.LoadAsync(run, cloud, TestContext.Current.CancellationToken)).Write(run, detached: true);
        Assert.Contains(expected, text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithoutAServer_SaysHowToStartIt()
    {
        Know(Unused());
        foreach (var line in Lines) Assert.Contains($"strata --home {home.Path} up", (await RunAsync(line)).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithAnotherServerNamed_SaysNothingOfThisMachine()
    {
        Know(Unused());
        Assert.DoesNotContain(
            " in " + home.Path, (await RunAsync($"get deployments --server http://127.0.0.1:{Unused()}")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_OfARunningCloud_ShowsItsAddressesAndItsOwnSettings()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = Status(api.Address, "[]");
        Know(api.Address.Port);
        using var server = HomeLock.Take(new HomeLayout(home.Path));
        KeepSettings();
        server.Publish(new RunningCloud(1, "1", api.Address, new Uri("http://127.0.0.1:19192"), TimeProvider.System.GetUtcNow(), true));
        var (_, said) = await RunAsync("doctor");
        Assert.Contains(api.Address.ToString().TrimEnd('/'), said, StringComparison.Ordinal);
        Assert.Matches(@"api-port +19191 +flag --api-port", said);
        Assert.Matches(@"http-port +19192 +flag --http-port", said);
        Assert.DoesNotMatch(@"api-port +8080", said);
    }

    [Fact]
    public async Task Doctor_OfAnotherServer_ShowsNothingOfThisMachine()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = Status(api.Address, "[]");
        Know(Unused());
        using var server = HomeLock.Take(new HomeLayout(home.Path));
        server.Publish(
            new RunningCloud(Environment.ProcessId, "1", new Uri("http://127.0.0.1:19191"), new Uri("http://127.0.0.1:19192"),
                TimeProvider.System.GetUtcNow(), true));
        var (code, said) = await RunAsync($"doctor --server {api.Address}");
        Assert.Equal(0, code);
        Assert.Contains(api.Address.ToString().TrimEnd('/'), said, StringComparison.Ordinal);
        said = said.Replace($"strata --home {home.Path}", "strata", StringComparison.Ordinal);
        foreach (var local in (string[])[home.Path, "19191", "SETTING", "iproute2", "disk", "free"])
            Assert.DoesNotContain(local, said, StringComparison.Ordinal);

        var (failed, dead) = await RunAsync($"doctor --server http://127.0.0.1:{Unused()}");
        Assert.Equal(1, failed);
        Assert.DoesNotContain(
            home.Path, dead.Replace($"strata --home {home.Path}", "strata", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_ThatATenantIsTold_HasNoDataAndNoProcess()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = $$"""{"version":"1","startedAt":"2026-01-01T00:00:00Z","startSeconds":1,"apiUrl":"{{api.Address}}","ok":true,"parts":[],"background":[]}""";
        var (code, said) = await RunAsync($"status --server {api.Address}");
        Assert.Equal(0, code);
        Assert.Contains("all well", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Data", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_OfWorkThatRecovered_ShowsItsFailureAsPast()
    {
        await using var api = await FakeApi.StartAsync();
        string Work(string name, int failing, TimeSpan ago) =>
            $$"""{"name":"{{name}}","state":"{{(failing > 0 ? "FAILING" : "RUNNING")}}","since":"2026-01-01T00:00:00Z","count":1,"failing":{{failing}},"restarts":1,"lastError":"of {{name}}","lastErrorAt":"{{TimeProvider.System.GetUtcNow() - ago:O}}"}""";
        api.Answer = Status(
            api.Address,
            $"[{Work("ill", 1, TimeSpan.FromMinutes(1))},{Work("well", 0, TimeSpan.FromMinutes(12))},{Work("long-well", 0, TimeSpan.FromDays(2))}]");
        var (_, said) = await RunAsync($"status --server {api.Address}");
        Assert.Contains("of ill", said, StringComparison.Ordinal);
        Assert.Matches(@"well +recovered .*12m ago", said);
        Assert.DoesNotContain("of well", said, StringComparison.Ordinal);
        Assert.DoesNotContain("long-well", said, StringComparison.Ordinal);
        Assert.Contains("of long-well", (await RunAsync($"status -o json --server {api.Address}")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AfterTheServerWasKilled_SaysWhenWhereItsLogIsAndHowToStartItAsBefore()
    {
        Know(Unused());
        KeepSettings();
        home.Write("run/strata.lock", "");
        home.Write("run/strata.json", Running);
        File.SetLastWriteTimeUtc(
            Path.Combine(home.Path, "run/strata.json"), TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(3));
        foreach (var line in Lines)
        {
            var (code, said) = await RunAsync(line);
            Assert.Equal(1, code);
            Assert.Contains("(process 999999) died without being asked to stop", said, StringComparison.Ordinal);
            Assert.Contains("(3m ago)", said, StringComparison.Ordinal);
            Assert.Contains(Path.Combine(home.Path, "run/strata.log"), said, StringComparison.Ordinal);
            Assert.Matches("Start it again with: strata .*up -d", said);
        }
        Assert.Contains("\"died\": true", (await RunAsync("status --json")).Said, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("down")).Code); // takes note of it
        Assert.Contains("No cloud runs", (await RunAsync("status")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_AfterTheServerWasKilled_ShowsTheLastThatItWrote()
    {
        home.Write("run/strata.json", Running);
        home.Write("run/up.out", "Strata 1 is up.\nUnhandled exception. System.Exception: the reason\n   at X\n");
        Assert.Contains("The last it wrote: Unhandled exception. System.Exception: the reason", (await RunAsync("status")).Said,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "No cloud runs in")]
    [InlineData(false, "stopped by itself at")]
    public async Task Status_AfterTheServerEndedInOrder_SaysWhetherItWasAsked(bool asked, string expected)
    {
        using (var server = HomeLock.Take(new HomeLayout(home.Path)))
        {
            server.Publish(
                new RunningCloud(
                    1, "1", new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:2"), TimeProvider.System.GetUtcNow(), true));
            server.PublishEnd(new ServerEnd(TimeProvider.System.GetUtcNow(), asked));
        }
        var (code, said) = await RunAsync("status");
        Assert.Equal(1, code);
        Assert.Contains(expected, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Status_AfterAStartThatFailed_StillReportsTheCrashBefore(bool hadPublished)
    {
        home.Write("run/strata.json", Running);
        var seen = TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(3);
        File.SetLastWriteTimeUtc(Path.Combine(home.Path, "run/strata.json"), seen);
        using (var server = HomeLock.Take(new HomeLayout(home.Path)))
        {
            Assert.Null(HomeLock.Find(new HomeLayout(home.Path)));
            if (hadPublished) server.Publish(Cloud(ready: false));
        }
        var last = LastServer.Find(new HomeLayout(home.Path))!;
        Assert.Equal((999999, LastEnd.Died), (last.Pid, last.End));
        Assert.Equal(seen, last.SeenAt.UtcDateTime, TimeSpan.FromSeconds(1));
        using (var server = HomeLock.Take(new HomeLayout(home.Path)))
        {
            server.Publish(Cloud(ready: true));
            Assert.Null(server.PublishEnd(new ServerEnd(TimeProvider.System.GetUtcNow(), Asked: true)));
        }
        Assert.Equal(LastEnd.Asked, LastServer.Find(new HomeLayout(home.Path))!.End);
        Assert.Contains("No cloud runs in", (await RunAsync("status")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public void PublishEnd_ThatCannotBeWritten_IsReported_AndTheLockIsGivenUp()
    {
        using (var server = HomeLock.Take(new HomeLayout(home.Path)))
        {
            server.Publish(Cloud(ready: true));
            Directory.CreateDirectory(Path.Combine(home.Path, "run/strata.json.new"));
            Assert.NotNull(server.PublishEnd(new ServerEnd(TimeProvider.System.GetUtcNow(), Asked: true)));
        }
        Assert.False(HomeLock.IsHeld(new HomeLayout(home.Path)));
        Assert.Null(LastServer.Find(new HomeLayout(home.Path)));
    }

    [Fact]
    public async Task Doctor_OfACloudThatIsDown_DoesNotCheckABucketWhoseSecretKeyItDoesNotKnow()
    {
        var spooled = home.Write("blobs/spool/x", "half");
        home.Write(
            "run/settings.json",
            """
            [{"name":"blobs","value":"s3://data","source":"flag --blobs"},{"name":"blobs-access-key","value":"key","source":"flag --blobs-access-key"},
             {"name":"blobs-secret-key","value":"(set)","source":"environment STRATA_BLOBS_SECRET_KEY"}]
            """);
        var (_, said) = await RunAsync("doctor");
        Assert.Contains("s3://data was not checked: its secret key is not known to this shell", said, StringComparison.Ordinal);
        Assert.Matches(@"blobs-secret-key +\(set\) +last start, environment STRATA_BLOBS_SECRET_KEY", said);
        Assert.True(File.Exists(spooled));
    }

    [Fact]
    public async Task Doctor_OfACloudThatIsDown_ChecksThePortsThatItHadAndProposesThem()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        KeepSettings(port);
        var (code, said) = await RunAsync("doctor");
        Assert.Equal(1, code);
        Assert.Contains($"Port {port}, which the API needs, is in use by", said, StringComparison.Ordinal);
        Assert.Matches($@"api-port +{port} +last start, flag --api-port", said);
        Assert.Matches(@"http-port +19192 +last start, flag --http-port", said);
    }

    [Fact]
    public async Task Doctor_WithAFaultySettingsFile_RunsAndReportsFileLineAndFix()
    {
        home.Write("strata.server.yaml", "listen: 127.0.0.1\napiport: 9000\negressAllow: [10.0.0.0/8]\n");
        var (code, said) = await RunAsync("doctor");
        Assert.Equal(1, code);
        var file = Path.Combine(home.Path, "strata.server.yaml");
        Assert.Contains(
            $"{file}:2 names a setting that does not exist, \"apiport\"; it is written apiPort", said, StringComparison.Ordinal);
        Assert.Contains($"{file}:3 gives egressAllow more than one value", said, StringComparison.Ordinal);
        Assert.Contains($"mv {file} {file}.off", said, StringComparison.Ordinal);
        Assert.Matches(@"api-port +8080 +default", said);
        home.Write("strata.server.yaml", "apiPort: many\n");
        Assert.Contains(
            $"api-port (from {file}:1) is \"many\", but must be a port", (await RunAsync("doctor")).Said, StringComparison.Ordinal);
        home.Write("strata.server.yaml", "a: [\n");
        Assert.Contains("is not valid YAML", (await RunAsync("doctor")).Said, StringComparison.Ordinal);
    }

    private const string Running =
        """{"pid":999999,"version":"1","apiUrl":"http://127.0.0.1:19191","httpUrl":"http://127.0.0.1:19192","startedAt":"2026-01-01T00:00:00Z","ready":true}""";

    private static RunningCloud Cloud(bool ready) =>
        new(1, "1", new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:2"), TimeProvider.System.GetUtcNow(), ready);

    private void KeepSettings(int apiPort = 19191) => home.Write(
        "run/settings.json",
        $$"""[{"name":"api-port","value":"{{apiPort}}","source":"flag --api-port"},{"name":"http-port","value":"19192","source":"flag --http-port"}]""");

    private void Know(int port) => home.Write("context.json", $$"""{"server":"http://127.0.0.1:{{port}}","token":"x"}""");

    private static string Status(Uri api, string background) =>
        $$"""
        {"version":"1","startedAt":"2026-01-01T00:00:00Z","startSeconds":1,"apiUrl":"{{api}}","httpUrl":"http://127.0.0.1:19192","home":"/x","pid":1,"memoryBytes":1,
         "ok":true,"parts":[],"background":{{background}} }
        """;

    private static int Unused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Process Start(string program, IEnumerable<string> arguments)
    {
        var process = Process.Start(program, arguments);
        processes.Add(process);
        return process;
    }

    private async Task<(int Code, string Said)> RunAsync(string line)
    {
        var text = new StringWriter();
        var code = await StrataCommand.RunAsync(
            [.. line.Split(' '), "--home", home.Path], new Terminal { Out = text, Error = text }, TestContext.Current.CancellationToken);
        return (code, text.ToString());
    }
}
