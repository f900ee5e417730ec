using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>What can be wrong with a database that a server is to use, each with its fix.</summary>
internal static class OpenErrors
{
    private const string UrlStep = "It is set by --postgres-url (STRATA_POSTGRES_URL): postgres://USER:PASSWORD@HOST:PORT/DATABASE.";

    /// <summary>The error of what was thrown while a store was opened; null where it is unforeseen.</summary>
    public static Error? Of(Exception e, string connectionString)
    {
        var at = new NpgsqlConnectionStringBuilder(connectionString);
        var (server, user) = ($"{at.Host}:{at.Port}", at.Username ?? Environment.UserName);
        var database = at.Database ?? user;
        return e switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new Error(
                ErrorKind.NotFound, "DATABASE_NOT_FOUND", $"The PostgreSQL at {server} has no database \"{database}\".",
                $"Create it (createdb -h {at.Host} -p {at.Port} -O {user} {database}), or name another. {UrlStep}"),
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } p =>
                new Error(
                ErrorKind.Forbidden, "DATABASE_LOGIN_REFUSED",
                $"The PostgreSQL at {server} refuses the login of \"{user}\": {p.MessageText}.",
                $"Correct the user and the password, or allow the login in pg_hba.conf. {UrlStep}"),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } p => new Error(
                ErrorKind.Forbidden, "DATABASE_RIGHTS_MISSING",
                $"The user \"{user}\" may not set up the database \"{database}\": {p.MessageText}.",
                $"As its owner or a superuser: grant create on database \"{database}\" to \"{user}\"; what is in the schema strata already must belong to that user."),
            PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => new Error(
                ErrorKind.Unavailable, "DATABASE_READ_ONLY",
                $"The PostgreSQL at {server} cannot be written: it is a standby, or set to read-only.",
                $"Name the primary server. {UrlStep}"),
            StrataException s => s.Error,
            _ when Reason(e) is { } reason => new Error(
                ErrorKind.Unavailable, "DATABASE_UNREACHABLE", $"No PostgreSQL can be reached at {server}: {reason.TrimEnd('.')}.",
                $"Start it, or correct the address. {UrlStep}") { Retryable = true },
            NpgsqlException { InnerException: null } n when !n.IsTransient => new Error(
                ErrorKind.Forbidden, "DATABASE_LOGIN_REFUSED",
                $"The login of \"{user}\" at the PostgreSQL at {server} fails: {n.Message.TrimEnd('.')}.",
                $"Correct the user and the password. {UrlStep}"),
            _ => null,
        };
    }

    /// <summary>The user may not make the role under which statements run.</summary>
    public static Error RoleMissing(string user, string role) => new(
        ErrorKind.Forbidden, "DATABASE_ROLE_MISSING",
        $"Statements run under the role {role}, which owns nothing, and the user \"{user}\" may not set it up.",
        $"As a superuser of that PostgreSQL: create role {role}; grant {role} to \"{user}\"; where it exists already: "
        + $"alter role {role} nologin nosuperuser nobypassrls;");

    public static Error NotOwner(string user, string database) => new(
        ErrorKind.Forbidden, "DATABASE_RIGHTS_MISSING", $"The tables of the schema strata do not belong to the user \"{user}\".",
        $"As a superuser, in the database \"{database}\": reassign owned by FORMER_OWNER to \"{user}\";");

    public static readonly Error TablesLocked = new(
        ErrorKind.Unavailable, "DATABASE_BUSY", "The tables could not be upgraded for a minute, because something holds their locks.",
        "Start again. A long search or export of a running server may hold them: wait for it, or stop the other servers first.")
    {
        Retryable = true,
    };

    /// <summary>Null: it is fine.</summary>
    public static Error? OfVersion(Version version) => version.Major >= PostgresOptions.VersionMin ? null : new Error(
        ErrorKind.NotSupported, "DATABASE_TOO_OLD",
        $"The PostgreSQL has version {version}; Strata needs {PostgresOptions.VersionMin} or newer.",
        "Upgrade it, or let Strata run a private one: leave out --postgres-url.");

    /// <summary>Null: it is fine.</summary>
    public static Error? OfEncoding(string encoding) => encoding == "UTF8" ? null : new Error(
        ErrorKind.NotSupported, "DATABASE_ENCODING",
        $"The database has the encoding {encoding}; Strata keeps text of every language and needs UTF8.",
        "Make another: createdb --encoding UTF8 --template template0 NAME, and name it in --postgres-url.");

    /// <summary>Why no connection came about; null where it did, or it is not known to be about that.</summary>
    private static string? Reason(Exception e)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException s) return s.SocketErrorCode == SocketError.HostNotFound
                ? "the host's name is not known" : s.Message;
            if (cause is AuthenticationException a) return a.Message; // TLS
            if (cause is TimeoutException) return "it does not answer in time";
        }
        return null;
    }
}
