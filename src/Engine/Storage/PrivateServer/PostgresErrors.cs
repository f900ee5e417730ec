using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>What can go wrong with a private PostgreSQL, each with its fix.</summary>
internal static class PostgresErrors
{
    private const string Install = "Install it with: sudo apt-get install -y postgresql";

    public static StrataException NotFound() =>
        Make("POSTGRES_NOT_FOUND", "PostgreSQL 15 or newer is not installed on this machine.", Install);

    public static StrataException TooOld(int version) =>
        Make("POSTGRES_NOT_FOUND", $"PostgreSQL {version} is installed, but 15 or newer is needed.", Install);

    public static StrataException VersionMissing(int version, string folder) =>
        Make("POSTGRES_VERSION_MISSING", $"The data in {folder} was written by PostgreSQL {version}, which is not installed.",
            $"Install it with: sudo apt-get install -y postgresql-{version}");

    public static StrataException UserMissing(string user) =>
        Make("POSTGRES_USER_MISSING", $"PostgreSQL does not run as root, and the user {user} does not exist.",
            $"Make it with: useradd --system {user}");

    public static StrataException InUse(string folder, int pid) =>
        Make("DATA_FOLDER_IN_USE", $"The data folder {folder} is in use by process {pid}.",
            $"Stop the other one (strata down --all, or kill {pid}), or set STRATA_HOME to another folder.");

    public static StrataException InUse(string folder) =>
        Make("DATA_FOLDER_IN_USE", $"Another program is starting PostgreSQL in {folder}.",
            "Wait until it is done, or set STRATA_HOME to another folder.");

    /// <param name="owner">Null: it is a link, or no folder.</param>
    public static StrataException SocketFolderForeign(string folder, uint? owner) =>
        Make("SOCKET_FOLDER_FOREIGN",
            owner is null ? $"{folder}, the folder for PostgreSQL's socket, is a link or no folder."
                : $"{folder}, the folder for PostgreSQL's socket, belongs to the user {owner}.",
            $"Another user may be trying to intercept connections. Inspect the folder, then remove it: rm -r {folder}");

    public static StrataException NotWritable(string folder, Exception inner) =>
        Make("DATA_FOLDER_NOT_WRITABLE", $"The data folder {folder} cannot be written: {inner.Message}",
            "Give this user the right to write there, or set STRATA_HOME to another folder.", inner);

    public static StrataException Damaged(string folder, Exception inner) =>
        Make("POSTGRES_START_FAILED", $"PostgreSQL's files in {folder} are not complete: {inner.Message}",
            "Restore the folder from a backup, or move it away to begin with an empty cloud.", inner);

    public static StrataException InitFailed(string output) =>
        Make("POSTGRES_INIT_FAILED", $"PostgreSQL could not make a new cluster: {output}",
            "Check free disk space and the rights of the data folder.");

    public static StrataException StartFailed(string logFile, string logEnd) =>
        Make("POSTGRES_START_FAILED", $"PostgreSQL did not start. The end of its log: {logEnd}", $"Read the whole log: {logFile}");

    public static StrataException StartSlow(string logFile, TimeSpan timeout, string logEnd) =>
        Make("POSTGRES_START_FAILED", $"PostgreSQL was not ready after {timeout.TotalSeconds:0} s. The end of its log: {logEnd}",
            $"It may still be recovering: wait and try again, or read {logFile}");

    public static StrataException StopFailed(int pid) =>
        Make("POSTGRES_STOP_FAILED", $"PostgreSQL (process {pid}) did not stop.", $"Stop it with: kill -QUIT {pid}");

    private static StrataException Make(string code, string message, string next, Exception? inner = null) =>
        new(new Error(ErrorKind.Unavailable, code, message, next), inner);
}
