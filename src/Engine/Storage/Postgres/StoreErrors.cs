using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>What a store on PostgreSQL may answer besides its results.</summary>
internal static class StoreErrors
{
    private const string UnavailableCode = "STORAGE_UNAVAILABLE";

    private static readonly Error Away = new(
        ErrorKind.Unavailable, UnavailableCode, "The database cannot be reached, or cannot write, at the moment.",
        "Try again in a moment; strata status shows whether PostgreSQL runs.") { Retryable = true };

    private static readonly Error RoleGone = new(
        ErrorKind.Unavailable, UnavailableCode, "PostgreSQL refuses the role that keeps organizations apart, or its rights are gone.",
        "Its administrator gives them back, as docs/servers.md says; the next start of the server prints what is missing.")
    { Retryable = true };

    public static StrataException Unavailable(Exception inner) =>
        new(inner is PostgresException refused && IsRoleGone(refused) ? RoleGone : Away, inner);

    public static StrataException Closed() => new(
        new Error(ErrorKind.Unavailable, UnavailableCode, "The store is shutting down.",
            "Try again on another server.") { Retryable = true });

    public static StrataException Busy(Exception? inner = null) => new(
        new Error(
            ErrorKind.Unavailable, "SERVER_BUSY", "Too many requests wait for the database.", "Try again in a moment, with fewer at once.")
        { Retryable = true }, inner);

    public static StrataException Refused(PostgresException inner) => new(
        new Error(ErrorKind.Unprocessable, "NOT_STORABLE", $"The database refused this data: {inner.MessageText}.",
            "Change the data: a number or text in it is beyond what can be stored."), inner);

    public static StrataException Invalid(string message) => new(new Error(ErrorKind.Invalid, "INVALID_CONDITION", message));

    public static StrataException SearchTimeout(TimeSpan timeout) => new(
        new Error(ErrorKind.RequestTimeout, "SEARCH_TIMEOUT",
            string.Create(CultureInfo.InvariantCulture, $"The search took longer than {timeout.TotalSeconds:0.###} s."),
            "Narrow the condition, declare an index on a field that it compares, or search asynchronously.") { Retryable = true });

    public static StrataException ResultLimit(long limit) => new(
        new Error(ErrorKind.Invalid, "SEARCH_RESULT_LIMIT", $"More than {limit} entities match.", "Narrow the condition."));

    /// <summary>
    /// Whether the data of a write is at fault: data exceptions (22), breached constraints (23), limits of PostgreSQL (54). Everything else
    /// is the server's state, or a fault of this program, neither of which the user's data can change. A breached unique index is a lost
    /// race and not the data.
    /// </summary>
    public static bool IsDataFault(PostgresException e) =>
        e.SqlState[..2] is "22" or "23" or "54" && e.SqlState != PostgresErrorCodes.UniqueViolation && !IsRoleGone(e);

    /// <summary>Whether a value in a query is at fault, such as a number beyond what PostgreSQL compares.</summary>
    public static bool IsBadValue(PostgresException e) => e.SqlState.StartsWith("22", StringComparison.Ordinal) && !IsRoleGone(e);

    /// <summary>Whether one row of a group may be what the error is about, so that the others could be written without it.</summary>
    public static bool MayBeOneRow(PostgresException e) => IsDataFault(e) || !(IsConnectionLost(e) || IsCollision(e));

    /// <summary>
    /// Whether the fault lies with the connection or the server's state, and not with what was asked. 25006 is a server that has become
    /// read-only.
    /// </summary>
    public static bool IsConnectionLost(Exception e) => e switch
    {
        PostgresException p => p.SqlState[..2] is "08" or "53" or "57" or "58" || p.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction
            || IsRoleGone(p),
        NpgsqlException or IOException or SocketException or ObjectDisposedException => true,
        TimeoutException => true, // no connection in time
        InvalidOperationException => true, // Npgsql's answer on a connection that broke a moment ago
        _ => false,
    };

    /// <summary>
    /// Whether the role that statements run under (<see cref="TenantRole"/>) was dropped or taken away while this server runs, or its
    /// rights were. The code alone (22023, 42501) could be that of data or of a policy; the routines are those that check a value of
    /// <c>role</c>, and rights.
    /// </summary>
    public static bool IsRoleGone(PostgresException e) => e.Routine is "call_string_check_hook" or "aclcheck_error";

    /// <summary>
    /// Whether the database was silent until the time was over: asking it once more at once would only wait as long again.
    /// </summary>
    public static bool IsTimeout(Exception e) => e is TimeoutException or NpgsqlException { InnerException: TimeoutException };

    /// <summary>
    /// Whether there is no server to talk to, as while it starts; one that answers and does not write is there, and so is one that is
    /// silent.
    /// </summary>
    public static bool IsServerGone(Exception e) =>
        e is PostgresException p ? p.SqlState[..2] is "08" or "57" : IsConnectionLost(e) && !IsTimeout(e);

    /// <summary>Whether the same statement may succeed now: a deadlock or a lost race between transactions.</summary>
    public static bool IsCollision(Exception e) => e is PostgresException { SqlState: "40001" or "40P01" or "55P03" };
}
