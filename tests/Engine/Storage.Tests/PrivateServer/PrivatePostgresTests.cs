using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Storage.PrivateServer;

namespace Strata.Storage.Tests.PrivateServer;

public sealed class PrivatePostgresTests(InitializedFolder initialized) : IClassFixture<InitializedFolder>, IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("strata-pg-test-").FullName;

    private PrivatePostgresOptions Options => new() { Folder = Path.Combine(home, "postgres") };

    public async ValueTask DisposeAsync()
    {
        if (Find(Options) is { } server) await server.StopAsync(CancellationToken.None);
        Folder.Delete(home);
    }

    [Fact]
    public async Task Start_InAnEmptyFolder_TakesConnectionsOnItsSocketOnly()
    {
        var server = await StartAsync(Options);
        Assert.False(server.Adopted);
        Assert.Equal("", await AskAsync(server, "show listen_addresses"));
        Assert.Equal("on", await AskAsync(server, "show fsync"));
        Assert.Equal("on", await AskAsync(server, "show synchronous_commit"));
        Assert.Equal("on", await AskAsync(server, "show data_checksums"));
        Assert.Equal(
            UnixFileMode.None, File.GetUnixFileMode(server.SocketFolder) & ~(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Fact]
    public async Task Connect_WithoutThePassword_IsRefused()
    {
        var server = await StartCopyAsync(Options);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.PasswordFile));
        Assert.Equal("28P01", await RefusalAsync(server, "wrong"));
        Assert.NotNull(await RefusalAsync(server, null));
        Assert.Equal(1, await AskAsync(server, "select 1"));
        Assert.Equal(0L, await AskAsync(server, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_OfAFolderThatTrustedWhoConnects_AsksForThePasswordFromThenOn(bool isRunning)
    {
        var server = await StartCopyAsync(Options);
        await File.WriteAllTextAsync(Path.Combine(Options.Folder, "data", "pg_hba.conf"), "local all all trust\n");
        await AskAsync(server, "create table kept as select 42 as n; alter role strata password null; select pg_reload_conf()");
        File.Delete(server.PasswordFile);
        await Poll.UntilAsync(async () => await RefusalAsync(server, null) is null);
        if (!isRunning) await server.StopAsync(CancellationToken.None);

        server = await StartAsync(Options);
        Assert.Equal(isRunning, server.Adopted);
        Assert.Equal(42, await AskAsync(server, "select n from kept"));
        await Poll.UntilAsync(async () => await RefusalAsync(server, null) is not null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_AfterThePasswordFileWasLost_MakesANewOne(bool isRunning)
    {
        var server = await StartCopyAsync(Options);
        await AskAsync(server, "create table kept as select 42 as n; select 1");
        if (!isRunning) await server.StopAsync(CancellationToken.None);
        File.Delete(server.PasswordFile);
        server = await StartAsync(Options);
        Assert.Equal(42, await AskAsync(server, "select n from kept"));
        Assert.NotNull(await RefusalAsync(server, null));
    }

    /// <summary>The code with which a connection is refused; null: it is not.</summary>
    private static async Task<string?> RefusalAsync(PrivatePostgres server, string? password)
    {
        try
        {
            await using var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = password, Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            return null;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
        catch (NpgsqlException e)
        {
            return e.Message; // "No password has been provided"
        }
    }

    [Fact]
    public async Task Start_WhereOneRuns_AdoptsIt()
    {
        var first = await StartCopyAsync(Options);
        var second = await StartAsync(Options);
        Assert.True(second.Adopted);
        Assert.Equal(first.ProcessId, second.ProcessId);
        Assert.Equal(first.ProcessId, Find(Options)!.ProcessId);
    }

    [Fact]
    public async Task Stop_ThenStart_KeepsTheData()
    {
        var first = await StartCopyAsync(Options);
        await AskAsync(first, "create table kept as select 42 as n; select 1");
        await first.StopAsync(CancellationToken.None);
        Assert.False(first.IsRunning);
        Assert.Null(Find(Options));

        var second = await StartAsync(Options);
        Assert.Equal(42, await AskAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task Start_AfterKill_Recovers()
    {
        var first = await StartCopyAsync(Options);
        await AskAsync(first, "create table kept as select 42 as n; select 1");
        using (var process = Process.GetProcessById(first.ProcessId)) process.Kill();
        await Poll.UntilAsync(() => !first.IsRunning);

        var second = await StartAsync(Options);
        Assert.False(second.Adopted);
        Assert.Equal(42, await AskAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task Start_WhenThePidFileNamesAnotherProcess_StartsAllTheSame()
    {
        var first = await StartCopyAsync(Options);
        await first.StopAsync(CancellationToken.None);
        var pidFile = Path.Combine(Options.Folder, "data", "postmaster.pid");
        await File.WriteAllTextAsync(
            pidFile, $"{Environment.ProcessId}\n{Options.Folder}/data\n1\n5432\n{first.SocketFolder}\n\n\nready   \n");

        var second = await StartAsync(Options);
        Assert.False(second.Adopted);
        Assert.NotEqual(Environment.ProcessId, second.ProcessId);
    }

    [Fact]
    public async Task Start_WithALongPath_PutsTheSocketElsewhere()
    {
        var options = new PrivatePostgresOptions { Folder = Path.Combine(home, new string('x', 100), "postgres") };
        var server = await StartCopyAsync(options);
        try
        {
            Assert.StartsWith("/tmp/strata-", server.SocketFolder, StringComparison.Ordinal);
            Assert.Equal(1, await AskAsync(server, "select 1"));
        }
        finally
        {
            await server.StopAsync(CancellationToken.None);
            Folder.Delete(server.SocketFolder);
        }
    }

    /// <summary>Anybody can put something of that name into /tmp before the first start.</summary>
    [Theory]
    [InlineData("link")]
    [InlineData("dangling link")]
    [InlineData("file")]
    [InlineData("folder of another user")]
    public async Task Start_WhereTheSocketFolderInTmpIsSomebodyElses_IsRefusedAndTouchesNothing(string planted)
    {
        Assert.SkipWhen(planted == "folder of another user" && !Environment.IsPrivilegedProcess, "only root can make one");
        var options = new PrivatePostgresOptions { Folder = Path.Combine(home, new string('x', 100), "postgres") };
        var target = Directory.CreateDirectory(Path.Combine(home, "target")).FullName;
        const UnixFileMode open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
            | UnixFileMode.OtherRead;
        File.SetUnixFileMode(target, open);
        var socket = new PostgresFolder(options.Folder).SocketFolder;
        if (planted == "link") File.CreateSymbolicLink(socket, target);
        else if (planted == "dangling link") File.CreateSymbolicLink(socket, Path.Combine(target, "absent"));
        else if (planted == "file") await File.WriteAllTextAsync(socket, "");
        else Directory.CreateDirectory(socket);
        if (planted == "folder of another user") Process.Start("chown", ["12345", socket]).WaitForExit();
        try
        {
            var fault = await Assert.ThrowsAsync<StrataException>(() => StartCopyAsync(options));
            Assert.Equal("SOCKET_FOLDER_FOREIGN", fault.Error.Code);
            Assert.Contains(socket, fault.Error.Message, StringComparison.Ordinal);
            Assert.Equal(open, File.GetUnixFileMode(target));
            Assert.Empty(Directory.EnumerateFileSystemEntries(target));
        }
        finally
        {
            if (planted == "folder of another user") Directory.Delete(socket);
            else File.Delete(socket);
        }
    }

    [Fact]
    public async Task Start_WithoutPostgres_SaysHowToInstallIt()
    {
        var fault = await Assert.ThrowsAsync<StrataException>(() => StartAsync(Options with { Binaries = "/nowhere" }));
        Assert.Equal("POSTGRES_NOT_FOUND", fault.Error.Code);
        Assert.Contains("apt-get install", fault.Error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithABadSetting_ShowsTheEndOfTheLog()
    {
        var first = await StartCopyAsync(Options);
        await first.StopAsync(CancellationToken.None);
        await File.AppendAllTextAsync(Path.Combine(Options.Folder, "data", "postgresql.auto.conf"), "no_such_setting = 1\n");

        var fault = await Assert.ThrowsAsync<StrataException>(() => StartAsync(Options));
        Assert.Equal("POSTGRES_START_FAILED", fault.Error.Code);
        Assert.Contains("no_such_setting", fault.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OfAClusterOfAnotherVersion_NamesThePackage()
    {
        Directory.CreateDirectory(Path.Combine(Options.Folder, "data"));
        await File.WriteAllTextAsync(Path.Combine(Options.Folder, "data", "PG_VERSION"), "99\n");

        var fault = await Assert.ThrowsAsync<StrataException>(() => StartAsync(Options));
        Assert.Equal("POSTGRES_VERSION_MISSING", fault.Error.Code);
        Assert.Contains("postgresql-99", fault.Error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AfterAnInterruptedInitialisation_BeginsAgain()
    {
        Directory.CreateDirectory(Path.Combine(Options.Folder, "data.unfinished", "base"));
        var server = await StartAsync(Options);
        Assert.Equal(1, await AskAsync(server, "select 1"));
    }

    /// <summary>A first start as far as the test can see, without the time that it takes to initialise a cluster.</summary>
    private async Task<PrivatePostgres> StartCopyAsync(PrivatePostgresOptions options)
    {
        await initialized.CopyToAsync(options.Folder);
        return await StartAsync(options);
    }

    private static Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options) =>
        PrivatePostgres.StartAsync(
            options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, TestContext.Current.CancellationToken);

    private static PrivatePostgres? Find(PrivatePostgresOptions options) =>
        PrivatePostgres.Find(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance);

    private static async Task<object?> AskAsync(PrivatePostgres server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
