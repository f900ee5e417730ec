using System.Diagnostics;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>A database that cannot write, and programs of its user that want in.</summary>
public sealed class DatabasePasswordAndFailoverTests : IAsyncLifetime
{
    private readonly Cloud cloud = new();

    private string Folder => Path.Combine(cloud.Home, "postgres");

    public async ValueTask InitializeAsync() => (await cloud.UpAsync()).ShouldSucceed();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DatabaseThatBecomesReadOnly_AnswersUnavailable_AndWritesGoOnAfterwards()
    {
        (await CreateAsync("before")).ShouldSucceed();
        await SqlAsync("alter database postgres set default_transaction_read_only = on");
        await CutAsync();
        var refused = await CreateAsync("meanwhile");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("STORAGE_UNAVAILABLE", refused.Output + refused.Error);
        Assert.Contains("before", (await cloud.RunAsync("get", "projects")).ShouldSucceed().Output);

        await SqlAsync("alter database postgres reset default_transaction_read_only");
        await CutAsync();
        (await CreateAsync("after")).ShouldSucceed();
        Assert.Contains("after", (await cloud.RunAsync("get", "projects")).ShouldSucceed().Output);
    }

    [Fact]
    public async Task ProcessOfTheDatabasesUser_WithoutThePassword_GetsNothing()
    {
        if (!Environment.IsPrivilegedProcess) return; // then the database's user is our own
        var server = (await File.ReadAllLinesAsync(Path.Combine(Folder, "data", "postmaster.pid")))[0];
        // By the descriptor of the socket's folder, which a process of the same user may follow whatever folders are above it.
        var psql = await PsqlAsync(["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"], $"/proc/{server}/fd/8",
            "select 1", password: false);
        Assert.NotEqual(0, psql.ExitCode);
        Assert.Contains("password", psql.Error);
        Assert.Equal("1", (await PsqlAsync([], SocketFolder(), "select 1", password: true)).ShouldSucceed().Output.Trim());
    }

    private Task<CommandResult> CreateAsync(string project) => cloud.RunAsync("api", "POST", "/api/v1/projects", "-d", $$$"""{"name":"{{{project}}}","spec":{}}""");

    private Task CutAsync() =>
        SqlAsync("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'strata' and pid <> pg_backend_pid()");

    private async Task SqlAsync(string sql) => (await PsqlAsync([], SocketFolder(), sql, password: true)).ShouldSucceed();

    private string SocketFolder() => File.ReadAllLines(Path.Combine(Folder, "data", "postmaster.pid"))[4] is var path
        && path.StartsWith("/proc", StringComparison.Ordinal)
        ? Path.Combine(Folder, "socket") : path;

    private async Task<CommandResult> PsqlAsync(string[] before, string host, string sql, bool password)
    {
        var psql = Directory.GetDirectories("/usr/lib/postgresql").Order().Select(d => Path.Combine(d, "bin", "psql")).Last(File.Exists);
        string[] command = [.. before, psql, "-w", "-t", "-A", "-h", host, "-U", "strata", "-c", sql, "postgres"];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = "/" };
        start.Environment["PGOPTIONS"] = "-c default_transaction_read_only=off";
        if (password) start.Environment["PGPASSFILE"] = Path.Combine(Folder, "pgpass");
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new CommandResult(process.ExitCode, await output, await error);
    }
}
