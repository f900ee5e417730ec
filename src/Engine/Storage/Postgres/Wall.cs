using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// The role under which statements run. It owns nothing, so that the tables' policies bind it. A role belongs to no database and is in no
/// dump, so each start makes it and its rights where they are missing.
/// </summary>
internal static class Wall
{
    public const string Role = "strata_tenant";

    private const string RoleSql = $"select count(*) > 0 from pg_roles where rolname = '{Role}' and not rolsuper and not rolbypassrls";

    // From 16 on who makes a role is a member of it who may not act as it.
    private const string MemberSql =
        $"select pg_has_role('{Role}', case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)";

    /// <summary>The log is the one table of which it may not change a row: it adds, and retention deletes.</summary>
    private const string RightsSql = $"""
        select has_schema_privilege('{Role}', 'strata', 'usage') and has_sequence_privilege('{Role}', 'strata.lease_epoch', 'usage')
            and not exists (
                select from pg_class c where c.relnamespace = 'strata'::regnamespace and c.relkind = 'r' and c.relname <> 'migration'
                and not has_table_privilege('{Role}', c.oid, case c.relname when 'log' then 'delete' else 'update' end))
            and not exists (
                select from pg_proc p
                where p.pronamespace = 'strata'::regnamespace and not has_function_privilege('{Role}', p.oid, 'execute'))
        """;

    private const string GrantSql = $"""
        grant usage on schema strata to {Role};
        grant select, insert, update, delete on all tables in schema strata to {Role};
        revoke all on strata.migration from {Role};
        revoke update on strata.log from {Role};
        grant usage on all sequences in schema strata to {Role};
        grant execute on all functions in schema strata to {Role};
        """;

    public static async Task<bool> StandsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await AskAsync(connection, RoleSql, cancellationToken) && await AskAsync(connection, MemberSql, cancellationToken)
            && await AskAsync(connection, RightsSql, cancellationToken);

    /// <summary>As the owner of the tables, once they are up to date.</summary>
    /// <exception cref="StrataException">DATABASE_ROLE_MISSING.</exception>
    public static async Task BuildAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            if (!await AskAsync(connection, RoleSql, cancellationToken)) await MakeAsync(connection, cancellationToken);
            if (!await AskAsync(connection, MemberSql, cancellationToken))
                await RunAsync(connection, $"grant {Role} to current_user", cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StrataException(OpenErrors.RoleMissing(connection.UserName ?? ""), e);
        }
        await RunAsync(connection, GrantSql, cancellationToken);
    }

    /// <summary>Servers on other databases of the same PostgreSQL may be at it too.</summary>
    private static async Task MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(connection, $"create role {Role} nologin nosuperuser nobypassrls", cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
        {
            if (!await AskAsync(connection, RoleSql, cancellationToken))
                await RunAsync(connection, $"alter role {Role} nosuperuser nobypassrls", cancellationToken);
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
}
