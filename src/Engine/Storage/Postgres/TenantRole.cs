using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// The role under which statements run. It owns nothing, so that the tables' policies bind it. Roles belong to the whole PostgreSQL: each
/// database has one of its own, or the owner of another database could act as it. No dump contains it, so each start makes the role and
/// its rights where they are missing.
/// </summary>
internal static partial class TenantRole
{
    private const string Prefix = "strata_tenant_";

    // As long as names may be in PostgreSQL.
    private const int NameLengthMax = 63;

    /// <summary>Made of letters, digits and "_", so that it needs no quotes.</summary>
    public static string Of(string database)
    {
        if (Plain().IsMatch(database) && database.Length <= NameLengthMax - Prefix.Length) return Prefix + database;
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(database)))[..16];
    }

    /// <summary>Whether all is there, and nothing more than there should be.</summary>
    public static async Task<bool> IsReadyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var role = Of(connection.Database);
        foreach (var sql in (string[])[RoleSql(role), MemberSql(role), RightsSql(role), OwnerSql])
            if (!await AskAsync(connection, sql, cancellationToken)) return false;
        return true;
    }

    /// <summary>As the owner of the tables, once they are up to date.</summary>
    /// <exception cref="StrataException">DATABASE_ROLE_MISSING; DATABASE_RIGHTS_MISSING: the user does not own the tables.</exception>
    public static async Task SetUpAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var role = Of(connection.Database);
        try
        {
            if (!await AskAsync(connection, RoleSql(role), cancellationToken)) await MakeAsync(connection, role, cancellationToken);
            if (!await AskAsync(connection, MemberSql(role), cancellationToken))
                await RunAsync(connection, $"grant {role} to current_user", cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StrataException(OpenErrors.RoleMissing(connection.UserName ?? "", role), e);
        }
        if (!await AskAsync(connection, OwnerSql, cancellationToken))
            throw OpenErrors.NotOwner(connection.UserName ?? "", connection.Database).ToException();
        await RunAsync(connection, "select strata.add_policies()", cancellationToken);
        await RunAsync(connection, GrantSql(role), cancellationToken);
    }

    private static string RoleSql(string role) =>
        $"select count(*) > 0 from pg_roles where rolname = '{role}' and not rolsuper and not rolbypassrls and not rolcanlogin";

    // From 16 on who makes a role is a member of it who may not act as it.
    private static string MemberSql(string role) =>
        $"select pg_has_role('{role}', case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)";

    /// <summary>Rows of the log are added, and deleted by retention, but not changed. Every table with a tenant has its policy.</summary>
    private static string RightsSql(string role) => $"""
        select has_schema_privilege('{role}', 'strata', 'usage') and has_sequence_privilege('{role}', 'strata.lease_epoch', 'usage')
            and not exists (
                select from pg_class c
                cross join unnest(array['select', 'insert', 'update', 'delete']) as wanted (right_)
                where c.relnamespace = 'strata'::regnamespace and c.relkind = 'r' and c.relname <> 'migration'
                and has_table_privilege('{role}', c.oid, right_) <> (c.relname <> 'log' or right_ <> 'update'))
            and not exists (
                select from pg_proc p
                where p.pronamespace = 'strata'::regnamespace and not has_function_privilege('{role}', p.oid, 'execute'))
            and not exists (select from strata.tables_without_policy())
        """;

    private const string OwnerSql = "select not row_security_active('strata.log_head')";

    private static string GrantSql(string role) => $"""
        grant usage on schema strata to {role};
        grant select, insert, update, delete on all tables in schema strata to {role};
        revoke all on strata.migration from {role};
        revoke update on strata.log from {role};
        grant usage on all sequences in schema strata to {role};
        grant execute on all functions in schema strata to {role};
        """;

    /// <summary>Another server of the same database may have made it a moment ago.</summary>
    private static async Task MakeAsync(NpgsqlConnection connection, string role, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(connection, $"create role {role} nologin nosuperuser nobypassrls", cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
        {
            if (!await AskAsync(connection, RoleSql(role), cancellationToken))
                await RunAsync(connection, $"alter role {role} nologin nosuperuser nobypassrls", cancellationToken);
        }
    }

    private static async Task<bool> AskAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [GeneratedRegex("^[a-z0-9_]+\\z")]
    private static partial Regex Plain();
}
