using System.Net.Sockets;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Runtimes;

namespace Strata.Agent.Tests;

/// <summary>The life of instances under the agent, on every runtime, through the real API.</summary>
public abstract class AgentContract : IAsyncLifetime
{
    private const string ServerSource = """
        import os, http.server as h, urllib.request as u
        class H(h.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/die': print('dying', flush=True); os._exit(9)
                if self.path == '/sick': open('sick', 'w').close()
                if self.path == '/well': os.remove('sick')
                if self.path == '/flood': [print('x' * 999) for _ in range(100_000)]; print('\nthe end', flush=True)
                self.send_response(500 if self.path == '/health' and os.path.exists('sick') else 200); self.end_headers()
                self.wfile.write(os.environ.get(self.path[1:], '').encode())
            def log_message(self, *a): pass
        print('listening', flush=True)
        h.ThreadingHTTPServer((os.environ['HOST'], int(os.environ['PORT'])), H).serve_forever()
        """;

    private const string Serve = "exec /usr/bin/python3 server.py";

    private AgentHost? host;

    protected abstract RuntimeChoice Choice { get; }

    private protected AgentHost Host => host!;

    private protected static TestImage ServerImage => TestImage.Of(("server.py", ServerSource));

    public async ValueTask InitializeAsync() => host = await AgentHost.StartAsync(Choice);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (host is not null) await host.DisposeAsync();
    }

    [Fact]
    public async Task Instance_GoodApplication_IsReadyWithItsEnvironmentAndLogs()
    {
        var id = await Host.CreateAsync(
            ServerImage, Serve, spec => spec with { Env = new Dictionary<string, string> { ["COLOR"] = "blue" } });
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        Assert.Null(ready.Status.Message);
        Assert.NotNull(ready.Status.ReadyAt);
        Assert.Equal(Host.Machine.Machine.Runtime.Name, ready.Status.Runtime);
        Assert.Equal("blue", await AskAsync(ready, "COLOR"));
        Assert.Equal(id, await AskAsync(ready, "STRATA_INSTANCE"));
        Assert.StartsWith("stk_", await AskAsync(ready, "STRATA_TOKEN"), StringComparison.Ordinal);
        await Wait.UntilAsync(async () => (await Host.LinesAsync(id)).Contains("listening"), "its output is shipped");
    }

    [Fact]
    public async Task Instance_CallsTheApiWithItsToken()
    {
        const string call = "import os,urllib.request as u; print(u.urlopen(u.Request(os.environ['STRATA_URL']+'/healthz', headers={'Authorization':'Bearer '+os.environ['STRATA_TOKEN']})).status, flush=True)";
        var id = await Host.CreateAsync(ServerImage, $"/usr/bin/python3 -c \"{call}\"; {Serve}");
        await Host.UntilAsync(id, InstanceStates.Ready);
        await Wait.UntilAsync(async () => (await Host.LinesAsync(id)).Contains("200"), "the API answered it");
    }

    [Fact]
    public async Task Token_DeletedByTheOrganization_IsTheInstancesMatter_AndNoBackgroundFailure()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.Admin.Resources<TokenSpec, TokenStatus>("tokens")
            .DeleteAsync("instance-" + id[(id.IndexOf('_', StringComparison.Ordinal) + 1)..]);

        await Host.RestartAgentAsync(); // renews at once
        await Wait.UntilAsync(
            async () => (await Host.LinesAsync(id)).Exists(l => l.Contains("is not renewed: NOT_FOUND", StringComparison.Ordinal)),
            "its log says so");
        var work = Host.Supervisor.Report().Single(w => w.Name == "agent-token");
        Assert.Equal((0, null), (work.Failing, work.LastError));
    }

    [Fact]
    public async Task Instance_ExitsAtOnce_FailsWithTheReason()
    {
        var id = await Host.CreateAsync(ServerImage, "echo starting; echo no database >&2; exit 3");
        var backoff = await Host.UntilAsync(id, InstanceStates.Backoff);
        Assert.Equal("The application ended at once with exit code 3. Its last line was \"no database\". It is started again in 1 s.",
            backoff.Status.Message);
        Assert.NotNull(backoff.Status.NextStartAt);
        var failed = await Host.UntilAsync(id, InstanceStates.Failed);
        Assert.Contains("exit code 3", failed.Status.Message, StringComparison.Ordinal);
        Assert.Contains("It was started 4 times and was never ready.", failed.Status.Message, StringComparison.Ordinal);
        Assert.Equal(3, failed.Status.ExitCode);
        await Wait.UntilAsync(() => Host.Machine.Machine.Runtime.Find(id) is null, "nothing of it is left");
    }

    [Fact]
    public async Task Instance_NeverListens_FailsWithTheReason()
    {
        var id = await Host.CreateAsync(
            ServerImage, "sleep 60", spec => spec with { StopGraceSeconds = 1, Health = spec.Health with { GraceSeconds = 2 } });
        var failed = await Host.UntilAsync(id, InstanceStates.Failed);
        Assert.Matches(
            @"^The application did not listen on port \d+ within 2 s; it must listen on the port in the variable PORT, on all addresses\.$",
            failed.Status.Message);
        await Wait.UntilAsync(() => Host.Machine.Machine.Runtime.Find(id) is null, "nothing of it is left");
    }

    [Fact]
    public async Task Instance_ListensLate_IsReadyThen()
    {
        var id = await Host.CreateAsync(ServerImage, "sleep 2; " + Serve);
        await Host.UntilAsync(id, InstanceStates.Starting);
        await Host.UntilAsync(id, InstanceStates.Ready);
    }

    [Fact]
    public async Task Instance_Crashes_IsStartedAgain()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var first = await Host.UntilAsync(id, InstanceStates.Ready);
        await AskAsync(first, "die");
        var backoff = await Host.UntilAsync(id, InstanceStates.Backoff);
        Assert.Contains("exit code 9. Its last line was \"dying\".", backoff.Status.Message, StringComparison.Ordinal);
        Assert.Null(backoff.Status.Address);
        var again = await Host.UntilAsync(id, InstanceStates.Ready);
        Assert.Equal(1, again.Status.Restarts);
        Assert.Null(again.Status.Message);
        Assert.True(again.Status.StartedAt > first.Status.StartedAt);
    }

    [Fact]
    public async Task Instance_ShimKilled_CostsOneRestart()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        await Host.UntilAsync(id, InstanceStates.Ready);
        var pid = int.Parse((await File.ReadAllTextAsync(Path.Combine(Host.Machine.Machine.Paths.Runs, id, "pid"))).Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture);
        using (var shim = System.Diagnostics.Process.GetProcessById(pid)) shim.Kill();
        var again = await Host.UntilAsync(id, InstanceStates.Ready, also: now => now.Status.Restarts > 0);
        Assert.Equal(1, again.Status.Restarts);
        Assert.Equal(id, await AskAsync(again, "STRATA_INSTANCE"));
    }

    [Fact]
    public async Task Instance_FloodOfOutput_IsDroppedWithAMarkAndTheEndIsKept()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.StopAgentAsync(); // so that no machine is fast enough to ship it as it comes
        await AskAsync(ready, "flood");
        await Host.RestartAgentAsync();
        await Wait.UntilAsync(async () => (await Host.LinesAsync(id)).Contains("the end"), "the end is shipped", 120);
        var files = Directory.GetFiles(Host.Machine.Machine.Paths.Logs, id + ".log.*")
            .Where(file => !file.EndsWith("position", StringComparison.Ordinal));
        Assert.True(files.Sum(file => new FileInfo(file).Length) <= 2 * ((8 << 20) + (1 << 16)));
        Assert.Contains(await Host.LinesAsync(id), line => line.Contains("bytes dropped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Instance_Unhealthy_IsUnreadyUntilItIsWell()
    {
        var id = await Host.CreateAsync(ServerImage, Serve, spec => spec with { Health = spec.Health with { Path = "/health" } });
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        await AskAsync(ready, "sick");
        var unready = await Host.UntilAsync(id, InstanceStates.Unready);
        Assert.StartsWith("The application no longer answers GET /health", unready.Status.Message, StringComparison.Ordinal);
        await AskAsync(ready, "well");
        Assert.Null((await Host.UntilAsync(id, InstanceStates.Ready)).Status.Message);
    }

    [Fact]
    public async Task Instance_Draining_RunsOnUntilItIsStopped()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.TakeAsync(id, "drain");
        await Host.UntilAsync(id, InstanceStates.Draining);
        Assert.Equal(id, await AskAsync(ready, "STRATA_INSTANCE"));
        await Host.TakeAsync(id, "stop");
        var stopped = await Host.UntilAsync(id, InstanceStates.Stopped);
        Assert.Null(stopped.Status.Address);
        Assert.Null(stopped.Status.Message);
        Assert.Empty(Host.Machine.Machine.Runtime.List());
    }

    [Fact]
    public async Task Instance_IgnoresTerm_IsKilledAfterItsGrace()
    {
        var id = await Host.CreateAsync(ServerImage, "trap '' TERM; " + Serve.Replace("exec ", "", StringComparison.Ordinal),
            spec => spec with { StopGraceSeconds = 1 });
        await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.TakeAsync(id, "stop");
        var stopped = await Host.UntilAsync(id, InstanceStates.Stopped);
        Assert.Equal("The application did not end within 1 s after SIGTERM and was killed.", stopped.Status.Message);
        Assert.Equal(137, stopped.Status.ExitCode);
    }

    [Fact]
    public async Task Instance_ImageThatIsNotThere_Fails()
    {
        var id = await Host.CreateAsync(ServerImage with { Digest = "sha256:" + new string('0', 64) }, Serve);
        var failed = await Host.UntilAsync(id, InstanceStates.Failed);
        Assert.Contains("of the image is missing", failed.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_ForgedImage_Fails()
    {
        var image = ServerImage;
        var forged = image with { Blobs = image.Blobs.ToDictionary(
            b => b.Key, b => b.Key == image.Digest ? b.Value : TestImage.Of(("server.py", "print('evil')")).Blobs.Values.First()) };
        var id = await Host.CreateAsync(forged, Serve);
        var failed = await Host.UntilAsync(id, InstanceStates.Failed);
        Assert.Contains("does not have the digest", failed.Status.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Host.Machine.Machine.Paths.Layers));
    }

    [Fact]
    public async Task Node_ThatStops_ReportsItsInstancesBeforeTheyEnd_AndDoesNotStartThemAgain()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.LeaveAsync();
        var left = await Host.GetAsync(id);
        Assert.Equal((InstanceStates.Backoff, null, null), (left.State, left.Status.Address, left.Status.NextStartAt));
        Assert.Equal(ready.Status.StartedAt, Host.Machine.Machine.Runtime.Find(id)!.StartedAt);
        await Host.StopAgentAsync();
        Assert.Equal(InstanceStates.Backoff, (await Host.GetAsync(id)).State);
        Host.StartAgent();
        await Host.UntilAsync(id, InstanceStates.Ready); // it had not ended after all
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Node_StoppedInOrderAndStarted_CountsNoRestart_AndACrashAfterwardsDoes(bool isReported)
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var first = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.RestartNodeAsync(isReported);
        var again = await Host.UntilAsync(id, InstanceStates.Ready, also: now => now.Status.StartedAt > first.Status.StartedAt);
        Assert.Equal((0, null), (again.Status.Restarts, again.Status.Message));
        await AskAsync(again, "die");
        Assert.Equal(
            1, (await Host.UntilAsync(
                id, InstanceStates.Ready, also: now => now.Status.StartedAt > again.Status.StartedAt)).Status.Restarts);
    }

    [Fact]
    public async Task Agent_Restarted_TakesUpWhatRuns()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var before = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.RestartAgentAsync();
        await Wait.UntilAsync(async () => (await Host.LinesAsync(id)).Count == 1, "its log goes on, without repetition");
        var after = await Host.UntilAsync(id, InstanceStates.Ready);
        Assert.Equal(before.Status, after.Status);
        Assert.Equal(id, await AskAsync(after, "STRATA_INSTANCE"));
        await AskAsync(after, "die");
        await Host.UntilAsync(id, InstanceStates.Ready, also: now => now.Status.Restarts == 1);
    }

    [Fact]
    public async Task Agent_FindsARunWithoutInstance_StopsIt()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.StopAgentAsync();
        Assert.True((await Host.Instances.DeleteAsync(Host.Caller, id, null, default)).IsOk);
        await Host.Machine.ReopenAsync();
        Assert.Single(Host.Machine.Machine.Runtime.List());
        Host.StartAgent();
        await Wait.UntilAsync(() => Host.Machine.Machine.Runtime.List().Count == 0, "it is stopped");
    }

    [Fact]
    public async Task Instance_Deleted_IsStopped()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        await Host.UntilAsync(id, InstanceStates.Ready);
        Assert.True((await Host.Instances.DeleteAsync(Host.Caller, id, null, default)).IsOk);
        await Wait.UntilAsync(() => Host.Machine.Machine.Runtime.List().Count == 0, "it is stopped");
    }

    [Fact]
    public async Task Server_Gone_InstancesRunOnAndAreStartedAgain()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.StopServerAsync();
        await AskAsync(ready, "die");
        await Wait.UntilAsync(async () => await TryAskAsync(ready, "STRATA_INSTANCE") == id, "it was started again as it was");
        await Host.StartServerAsync();
        await Host.UntilAsync(
            id, InstanceStates.Ready, also: now => now.Status.Restarts == 1 && now.Status.StartedAt > ready.Status.StartedAt);
    }

    [Fact]
    public async Task Agent_WhoseNodeANewerOneHas_CanNeitherBeatNorWrite()
    {
        var id = await Host.CreateAsync(ServerImage, Serve);
        await Host.UntilAsync(id, InstanceStates.Ready);
        await Host.StopAgentAsync();
        using var former = Host.AgentClient();
        var epoch = await HeartbeatAsync(former, "former", 0);
        var instances = former.Resources<InstanceSpec, InstanceStatus>("instances");
        former.Fence = $"node/node-1 {epoch}";
        var now = (await instances.FindAsync(id, Host.OrgId))!;
        now = await instances.ChangeAsync(now, now with { Status = now.Status with { Message = "mine" } }, null, Host.OrgId);

        using var newer = Host.AgentClient();
        Assert.True(await HeartbeatAsync(newer, "newer", 0) > epoch);
        Assert.Equal("NODE_IN_USE", (await Assert.ThrowsAsync<StrataException>(() => HeartbeatAsync(former, "former", epoch))).Error.Code);
        var late = await Assert.ThrowsAsync<StrataException>(
            () => instances.ChangeAsync(now, now with { Status = now.Status with { Message = "late" } }, null, Host.OrgId));
        Assert.Equal("LEASE_LOST", late.Error.Code);
        Assert.Equal("mine", (await Host.Instances.GetAsync(Host.Caller, id, AsOf.Latest, default)).Value.Status.Message);
    }

    private static async Task<long> HeartbeatAsync(StrataClient agent, string session, long epoch)
    {
        using var answer = await agent.SendAsync(HttpMethod.Post, $"/api/v1/nodes/node-1/heartbeat?session={session}&epoch={epoch}");
        return answer!.RootElement.GetProperty("epoch").GetInt64();
    }

    [Fact]
    public async Task Node_IsRegisteredAndHeard()
    {
        await Wait.UntilAsync(async () => await Host.Leases.HolderAsync("node/node-1", default) is not null, "a heartbeat");
        var node = await Host.Admin.Resources<NodeSpec, NodeStatus>("nodes").GetAsync("node-1");
        Assert.Equal(NodeStates.Up, node.State);
        Assert.Equal(Host.Machine.Machine.Runtime.Name, node.Status.Runtimes[0]);
        var id = await Host.CreateAsync(ServerImage, Serve);
        var ready = await Host.UntilAsync(id, InstanceStates.Ready);
        Assert.True(InstanceAddresses.Allows(node.Status, ready.Status.Address!, ready.Status.Port!.Value),
            $"{ready.Status.Address}:{ready.Status.Port} of {node.Status}");
    }

    private static async Task<string> AskAsync(Resource<InstanceSpec, InstanceStatus> instance, string path)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        try
        {
            return await http.GetStringAsync($"http://{instance.Status.Address}:{instance.Status.Port}/{path}");
        }
        catch (HttpRequestException) when (path == "die")
        {
            return "";
        }
    }

    private static async Task<string?> TryAskAsync(Resource<InstanceSpec, InstanceStatus> instance, string path)
    {
        try
        {
            return await AskAsync(instance, path);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException)
        {
            return null;
        }
    }
}

public sealed class OciAgentTests : AgentContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Oci;
}

public sealed class ProcessAgentTests : AgentContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Process;

    /// <summary>On this runtime only, because here a run finds what the one before has left.</summary>
    [Fact]
    public async Task Instance_ExitsAndThenHangs_FailsWithTheExitCode()
    {
        var folder = Directory.CreateTempSubdirectory("strata-");
        var command = $"mkdir {folder.FullName}/first && exit 7; sleep 60";
        var id = await Host.CreateAsync(
            ServerImage, command, spec => spec with { StopGraceSeconds = 1, Health = spec.Health with { GraceSeconds = 5 } });
        var failed = await Host.UntilAsync(id, InstanceStates.Failed);
        Assert.StartsWith("The application did not listen on port", failed.Status.Message, StringComparison.Ordinal);
        Assert.Contains(
            "At an earlier start: The application ended at once with exit code 7.", failed.Status.Message, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }
}
