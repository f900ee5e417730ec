namespace Strata.Server.Options;

/// <summary>The layout of a cloud's data folder.</summary>
public sealed record HomeLayout(string Root)
{
    public string Postgres => Path.Combine(Root, "postgres");
    public string Blobs => Path.Combine(Root, "blobs");
    public string Node => Path.Combine(Root, "node");

    /// <summary>The key that the cloud's secrets are sealed with. If it is lost, they must be created again.</summary>
    public string KeyFile => Path.Combine(Root, "cloud.key");

    /// <summary>Id of the cloud that this folder serves (of its first organization), once a start has made or found it.</summary>
    public string CloudIdFile => Path.Combine(Root, "cloud.id");

    /// <summary>This server's id, made at its first start. Host names repeat; this does not.</summary>
    public string ServerIdFile => Path.Combine(Root, "server.id");

    /// <summary>This machine's name as a node, decided at the first start and kept whatever the host is called later.</summary>
    public string NodeNameFile => Path.Combine(Node, "name");
    public string Edge => Path.Combine(Root, "edge");

    /// <summary>Files that live as long as a process: locks, tokens of the cloud's own parts, the detached program's log.</summary>
    public string Run => Path.Combine(Root, "run");
    public string LockFile => Path.Combine(Run, "strata.lock");
    public string StateFile => Path.Combine(Run, "strata.json");

    /// <summary>The state of the previous server while the next one starts: restored if that one fails to start.</summary>
    public string LastStateFile => Path.Combine(Run, "strata.last.json");

    /// <summary>The settings of the last start, for commands that run while it does, or after it.</summary>
    public string SettingsFile => Path.Combine(Run, "settings.json");

    /// <summary>Where the server answers with its status, whatever is wrong with its database or API.</summary>
    public string StatusSocket => Path.Combine(Run, "status.sock");

    /// <summary>Process number of the watchdog that starts a detached server again.</summary>
    public string WatchFile => Path.Combine(Run, "watch.pid");
    public string LogFile => Path.Combine(Run, "strata.log");

    /// <summary>What a detached server and its watchdog write to standard output and standard error.</summary>
    public string OutputFile => Path.Combine(Run, "up.out");
    public string AgentTokenFile => Path.Combine(Run, "agent.token");
    /// <summary>Decides with a trace's id whether it is sampled.</summary>
    public string TraceKeyFile => Path.Combine(Run, "trace.key");
    public string EdgeTokenFile => Path.Combine(Run, "edge.token");

    /// <summary>STRATA_HOME, or <c>.strata</c> in the user's home.</summary>
    public static string DefaultRoot() =>
        Environment.GetEnvironmentVariable("STRATA_HOME") is { Length: > 0 } home
            ? Path.GetFullPath(home)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".strata");

    /// <summary>Makes the folders, for this program's user only.</summary>
    /// <exception cref="Core.StrataException">DATA_FOLDER_NOT_PRIVATE.</exception>
    public void Create() => Hosting.DataFolder.Create(this);

    /// <summary>Makes the folder itself, private, without what a server needs in it.</summary>
    public void CreateRoot() => Hosting.DataFolder.CreateRoot(this);
}
