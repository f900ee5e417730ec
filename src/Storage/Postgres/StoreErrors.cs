using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>What a store on PostgreSQL may answer besides its results.</summary>
internal static class StoreErrors
{
    public static StrataException Unavailable(Exception inner) => new(
        new Error(ErrorKind.Unavailable, "STORAGE_UNAVAILABLE", "The database cannot be reached at the moment.",
            "Try again in a moment; strata status tells whether PostgreSQL runs.") { Retryable = true }, inner);

    public static StrataException Closed() => new(
        new Error(ErrorKind.Unavailable, "STORAGE_UNAVAILABLE", "The store is shutting down.", "Try again on another server.") { Retryable = true });

    public static StrataException Busy(Exception? inner = null) => new(
        new Error(ErrorKind.Unavailable, "SERVER_BUSY", "Too many requests wait for the database.", "Try again in a moment, with fewer at once.")
        { Retryable = true }, inner);

    public static StrataException Refused(PostgresException inner) => new(
        new Error(ErrorKind.Unprocessable, "NOT_STORABLE", $"The database refused this data: {inner.MessageText}.",
            "Change the data: a number or text in it is beyond what can be stored."), inner);

    public static StrataException Invalid(string message) => new(new Error(ErrorKind.Invalid, "INVALID_CONDITION", message));

    public static StrataException SearchTimeout(TimeSpan timeout) => new(
        new Error(ErrorKind.RequestTimeout, "SEARCH_TIMEOUT", string.Create(CultureInfo.InvariantCulture, $"The search took longer than {timeout.TotalSeconds:0.###} s."),
            "Narrow the condition, declare an index on a field that it compares, or search asynchronously.") { Retryable = true });

    public static StrataException ResultLimit(long limit) => new(
        new Error(ErrorKind.Invalid, "SEARCH_RESULT_LIMIT", $"More than {limit} entities match.", "Narrow the condition."));

    /// <summary>Whether the fault lies with the connection or the server's state, and not with what was asked.</summary>
    public static bool IsConnectionLost(Exception e) => e switch
    {
        PostgresException p => p.SqlState[..2] is "08" or "53" or "57",
        NpgsqlException or IOException or SocketException or ObjectDisposedException => true,
        InvalidOperationException => true, // Npgsql's answer on a connection that broke a moment ago
        _ => false,
    };

    /// <summary>Whether the same statement may succeed now: a deadlock or a lost race between transactions.</summary>
    public static bool IsCollision(Exception e) => e is PostgresException { SqlState: "40001" or "40P01" or "55P03" };
}
