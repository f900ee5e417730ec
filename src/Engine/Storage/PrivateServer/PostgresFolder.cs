using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Storage.PrivateServer;

/// <summary>Names within the folder of a private PostgreSQL.</summary>
internal sealed class PostgresFolder
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string SocketName = "/.s.PGSQL.5432";

    /// <summary>A socket's address has room for 107 bytes on Linux.</summary>
    private const int SocketPathBytesMax = 107;

    private const long LogBytesMax = 8 * 1024 * 1024;
    private const int LogEndBytes = 2000;

    public PostgresFolder(string folder)
    {
        Root = Path.GetFullPath(folder);
        var socket = Path.Combine(Root, "socket");
        SocketFolder = Encoding.UTF8.GetByteCount(socket + SocketName) <= SocketPathBytesMax ? socket : ShortSocketFolder(Root);
    }

    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    /// <summary>Where a new cluster is made; it is given its name only when it is whole.</summary>
    public string Unfinished => Path.Combine(Root, "data.unfinished");

    /// <summary>Holds the socket; usable by its owner and root only. Behind it the server asks for the password.</summary>
    public string SocketFolder { get; }

    public string SocketFile => SocketFolder + SocketName;

    /// <summary>In the form of a .pgpass file: <c>PGPASSFILE=… psql -h SOCKET -U strata postgres</c>.</summary>
    public string PasswordFile => Path.Combine(Root, "pgpass");

    public string PidFile => Path.Combine(Data, "postmaster.pid");

    public string LogFile => Path.Combine(Root, "postgres.log");

    public string LockFile => Path.Combine(Root, "start.lock");

    public bool HasCluster => File.Exists(Path.Combine(Data, "PG_VERSION"));

    /// <summary>The major version that wrote the cluster; null if there is no cluster.</summary>
    public int? Version => HasCluster ? int.Parse(File.ReadAllText(Path.Combine(Data, "PG_VERSION")), CultureInfo.InvariantCulture) : null;

    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Root, OnlyOwner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PostgresErrors.NotWritable(Root, e);
        }
    }

    public static void CreatePrivate(string folder)
    {
        Directory.CreateDirectory(folder, OnlyOwner);
        File.SetUnixFileMode(folder, OnlyOwner);
    }

    /// <summary>One program at a time may start or initialise; dispose to let the next.</summary>
    public IDisposable Lock()
    {
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw PostgresErrors.InUse(Root);
        }
        catch (UnauthorizedAccessException e)
        {
            throw PostgresErrors.NotWritable(Root, e);
        }
    }

    public void RotateLog()
    {
        if (File.Exists(LogFile) && new FileInfo(LogFile).Length > LogBytesMax) File.Move(LogFile, LogFile + ".1", overwrite: true);
    }

    /// <summary>What the server wrote since its log had this length, cut to its end, on one line.</summary>
    public string LogEnd(long from)
    {
        if (!File.Exists(LogFile)) return "(empty)";
        using var log = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(Math.Max(Math.Min(from, log.Length), log.Length - LogEndBytes), SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "(empty)" : string.Join(" | ", lines.TakeLast(8));
    }

    public long LogLength => File.Exists(LogFile) ? new FileInfo(LogFile).Length : 0;

    private static string ShortSocketFolder(string root) =>
        "/tmp/strata-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(root)))[..16];
}
