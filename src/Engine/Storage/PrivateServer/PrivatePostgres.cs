using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>
/// A PostgreSQL that belongs to one data folder and listens on a Unix socket there, nowhere else. It is a process of its own session: it
/// survives a crash of this program, and the next start adopts it. After its own crash the next start recovers it. Nothing is held open
/// here, so there is nothing to dispose.
/// </summary>
public sealed partial class PrivatePostgres
{
    // Descriptor 9 is the data folder and 8 the socket's. The user postgres may not enter the folders above them (root's home, say); it
    // need not, because a path through an open descriptor starts at the folder itself.
    private const string DataDescriptor = "/proc/self/fd/9";
    private const string SocketDescriptor = "/proc/self/fd/8";
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan OrphansTimeout = TimeSpan.FromSeconds(15);

    private readonly PrivatePostgresOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly PostgresFolder folder;
    private readonly PostgresPassword password;
    private PostgresProcess process = null!;

    private PrivatePostgres(PrivatePostgresOptions options, TimeProvider time, ILogger logger)
    {
        (this.options, this.time, this.logger, folder) = (options, time, logger, new PostgresFolder(options.Folder));
        password = new PostgresPassword(folder);
    }

    private string WithoutPassword => $"Host={folder.SocketFolder};Username=strata;Database=postgres";

    /// <summary>For <c>PostgresOptions</c>, or any client of PostgreSQL.</summary>
    /// <remarks>With the password of <see cref="PasswordFile"/>: not for logs.</remarks>
    public string ConnectionString => password.Read() is { } known ? $"{WithoutPassword};Password={known}" : WithoutPassword;

    /// <summary>The folder of the socket, for psql -h.</summary>
    public string SocketFolder => folder.SocketFolder;

    /// <summary>For psql: <c>PGPASSFILE=FILE psql -h SOCKET -U strata postgres</c>.</summary>
    public string PasswordFile => folder.PasswordFile;

    public string LogFile => folder.LogFile;

    public int ProcessId => process.Pid;

    /// <summary>Whether it ran already when we came.</summary>
    public bool Adopted { get; private set; }

    /// <summary>Whether the server runs; safe to ask at any time.</summary>
    public bool IsRunning => process.IsAlive;

    /// <summary>
    /// Adopts the server of this folder or starts it, creating the cluster first if it does not exist, and waits until it takes
    /// connections.
    /// </summary>
    /// <exception cref="StrataException">POSTGRES_NOT_FOUND, POSTGRES_VERSION_MISSING, POSTGRES_USER_MISSING, POSTGRES_INIT_FAILED,
    /// POSTGRES_START_FAILED, DATA_FOLDER_IN_USE, DATA_FOLDER_NOT_WRITABLE: each says what to do.</exception>
    public static async Task<PrivatePostgres> StartAsync(
        PrivatePostgresOptions options, TimeProvider time, ILogger<PrivatePostgres> logger, CancellationToken cancellationToken)
    {
        var server = new PrivatePostgres(options, time, logger);
        server.folder.Create();
        using var onlyOne = server.folder.Lock();
        try
        {
            await server.AdoptOrStartAsync(cancellationToken);
        }
        catch (UnauthorizedAccessException e)
        {
            throw PostgresErrors.NotWritable(server.folder.Root, e);
        }
        catch (IOException e)
        {
            throw PostgresErrors.Damaged(server.folder.Root, e);
        }
        return server;
    }

    /// <summary>Starts the server again after it has died; does nothing while it lives.</summary>
    /// <exception cref="StrataException">As
    /// <see cref="StartAsync(PrivatePostgresOptions, TimeProvider, ILogger{PrivatePostgres}, CancellationToken)"/>.</exception>
    public async Task ReviveAsync(CancellationToken cancellationToken)
    {
        if (IsRunning) return;
        using var onlyOne = folder.Lock();
        Died(process.Pid, folder.LogFile);
        Adopted = false;
        await AdoptOrStartAsync(cancellationToken);
    }

    /// <summary>The server that runs in a folder, or null; starts nothing.</summary>
    public static PrivatePostgres? Find(PrivatePostgresOptions options, TimeProvider time, ILogger<PrivatePostgres> logger)
    {
        var server = new PrivatePostgres(options, time, logger);
        if (PostgresProcess.Find(server.folder) is not { } running) return null;
        (server.process, server.Adopted) = (running, true);
        return server;
    }

    /// <summary>Stops the server in order: fast, and at once where that takes too long. Does nothing when it is gone.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        process.Stop();
        if (await WaitAsync(() => !process.IsAlive, options.StopTimeout, cancellationToken)) return;
        StopIsSlow(process.Pid);
        process.Abort();
        if (!await WaitAsync(() => !process.IsAlive, options.StopTimeout, cancellationToken)) throw PostgresErrors.StopFailed(process.Pid);
    }

    private async Task AdoptOrStartAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        if (PostgresProcess.Find(folder) is { } running && await IsReadyAsync(running, cancellationToken))
            (process, Adopted) = (running, true);
        else await StartAsync(cancellationToken);
        if (Adopted && !await password.TrySetAsync(WithoutPassword, cancellationToken))
        {
            await StopAsync(cancellationToken);
            Adopted = false;
            await StartAsync(cancellationToken);
        }
        Ready(Adopted ? "adopted" : "started", process.Pid, folder.Root, clock.ElapsedMilliseconds);
    }

    /// <summary>Waits for one that is starting; false when it was about to end.</summary>
    private async Task<bool> IsReadyAsync(PostgresProcess running, CancellationToken cancellationToken)
    {
        var ended = await WaitAsync(() => running.IsReady || !running.IsAlive, options.StartTimeout, cancellationToken);
        if (!ended) throw PostgresErrors.InUse(folder.Root, running.Pid);
        return running.IsAlive;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var binaries = await PostgresBinaries.FindAsync(options.Binaries, folder.Version, folder.Data, cancellationToken);
        if (!folder.HasCluster) await InitializeAsync(binaries, cancellationToken);
        await ClearRemainsAsync(cancellationToken);
        PostgresSettings.Write(folder.Data, options.ConnectionsMax);
        await password.SetAsync(
            AsServer(folder.Data, [binaries.Postgres, "--single", "-D", DataPath(folder.Data), "postgres"]), cancellationToken);
        PostgresSocketFolder.Create(folder.SocketFolder, await ServerUserAsync(cancellationToken));
        folder.RotateLog();
        var logged = folder.LogLength;
        process = await LaunchAsync(binaries, cancellationToken);
        await WaitUntilReadyAsync(logged, cancellationToken);
    }

    private async Task ClearRemainsAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(folder.PidFile)) return;
        Recovering(folder.Root);
        if (!await WaitAsync(() => PostgresProcess.FindAny(folder) is null, OrphansTimeout, cancellationToken))
            throw PostgresErrors.InUse(folder.Root, PostgresProcess.FindAny(folder) ?? 0);
        PostgresProcess.ClearRemains(folder);
    }

    private async Task InitializeAsync(PostgresBinaries binaries, CancellationToken cancellationToken)
    {
        if (Directory.Exists(folder.Unfinished)) Directory.Delete(folder.Unfinished, recursive: true);
        PostgresFolder.CreatePrivate(folder.Unfinished);
        await GiveToServerAsync(folder.Unfinished, cancellationToken);
        var answer = await Command.RunAsync(
            AsServer(
                folder.Unfinished,
                [binaries.Initdb, "-D", DataPath(folder.Unfinished), "-U", "strata", "--auth=trust", "--encoding=UTF8", "--locale=C",
                    "--data-checksums"]),
            cancellationToken);
        if (answer.ExitCode != 0) throw PostgresErrors.InitFailed(LastLine(answer.Output));
        Directory.Move(folder.Unfinished, folder.Data);
    }

    private async Task<PostgresProcess> LaunchAsync(PostgresBinaries binaries, CancellationToken cancellationToken)
    {
        // The shell exits at once, so the server is no child of this process; setsid keeps the terminal's signals from it. The pid stays
        // the same through each exec.
        var command = AsServer(
            folder.Data, [binaries.Postgres, "-D", DataPath(folder.Data), "-c", $"unix_socket_directories={SocketPath()}"]);
        const string script = "log=\"$1\"; shift; setsid \"$@\" </dev/null >>\"$log\" 2>&1 & echo $!";
        var answer = await Command.RunAsync(["/bin/sh", "-c", script, "sh", folder.LogFile, .. command], cancellationToken);
        if (!int.TryParse(answer.Output, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            throw PostgresErrors.StartFailed(folder.LogFile, answer.Output);
        return new PostgresProcess(pid, folder);
    }

    private async Task WaitUntilReadyAsync(long logged, CancellationToken cancellationToken)
    {
        var gone = false;
        var ended = await WaitAsync(() => process.IsReady || (gone = process.IsGone), options.StartTimeout, cancellationToken);
        if (gone && !process.IsReady) throw PostgresErrors.StartFailed(folder.LogFile, folder.LogEnd(logged));
        if (!ended) throw PostgresErrors.StartSlow(folder.LogFile, options.StartTimeout, folder.LogEnd(logged));
    }

    private async Task<bool> WaitAsync(Func<bool> isDone, TimeSpan timeout, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); !isDone(); await Task.Delay(PollInterval, time, cancellationToken))
        {
            if (time.GetElapsedTime(start) > timeout) return false;
        }
        return true;
    }

    private async Task GiveToServerAsync(string path, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess) return;
        var answer = await Command.RunAsync(["chown", $"{options.User}:", path], cancellationToken);
        if (answer.ExitCode == 0) return;
        throw answer.Output.Contains("invalid", StringComparison.Ordinal)
            ? PostgresErrors.UserMissing(options.User) : PostgresErrors.NotWritable(path, new IOException(answer.Output));
    }

    /// <summary>Id of the server's own user when we are root; null: the server runs as ourselves.</summary>
    private async Task<uint?> ServerUserAsync(CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess) return null;
        var answer = await Command.RunAsync(["id", "-u", options.User], cancellationToken);
        return uint.TryParse(answer.Output, NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            ? user : throw PostgresErrors.UserMissing(options.User);
    }

    /// <summary>The command as the server's own user when we are root, as ourselves otherwise.</summary>
    private IReadOnlyList<string> AsServer(string data, IReadOnlyList<string> command)
    {
        if (!Environment.IsPrivilegedProcess) return command;
        const string script = "exec 9<\"$1\" 8<\"$2\"; shift 2; exec \"$@\"";
        var socket = Directory.Exists(folder.SocketFolder) ? folder.SocketFolder : data;
        return ["/bin/sh", "-c", script, "sh", data, socket, "setpriv", "--reuid", options.User, "--regid", options.User,
            "--init-groups", .. command];
    }

    private static string DataPath(string data) => Environment.IsPrivilegedProcess ? DataDescriptor : data;

    private string SocketPath() => Environment.IsPrivilegedProcess ? SocketDescriptor : folder.SocketFolder;

    private static string LastLine(string output) => output.Split('\n')[^1].Trim();
}
