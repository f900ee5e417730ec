using Npgsql;
using NpgsqlTypes;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Whose rows a statement sees and writes. PostgreSQL holds it to that by row-level security, whatever its text says; see
/// docs/decisions/059-row-level-security.md. The default is no one's.
/// </summary>
internal readonly record struct Rows
{
    // The role too: it is not left to the connection, which a pooler in between may have given another one.
    internal const string SetTenants =
        "select set_config('role', $2, true), set_config('row_security', 'on', true), set_config('strata.tenants', $1, true)";

    // The connection's own user, who owns the tables and whom their policies do not bind; until the end of the transaction. If they did
    // bind this user, PostgreSQL reports it instead of returning fewer rows.
    private const string BecomeOwner = "select set_config('role', 'none', true), set_config('row_security', 'off', true)";

    private readonly bool isEveryones;
    private readonly string? tenants;

    private Rows(bool isEveryones, string? tenants) => (this.isEveryones, this.tenants) = (isEveryones, tenants);

    /// <summary>For tables without tenants, as that of the leases.</summary>
    public static Rows None => default;

    /// <summary>For the platform's own work over all tenants. Say at its use why it needs that.</summary>
    public static Rows OfAll => new(true, null);

    public static Rows Of(TenantId tenant) => new(false, Text([tenant]));

    public static Rows Of(IEnumerable<TenantId> tenants) => new(false, Text(tenants));

    /// <summary>The setting: an array of PostgreSQL's.</summary>
    internal static string Text(IEnumerable<TenantId> tenants) => $"{{{string.Join(',', tenants.Select(t => t.Value))}}}";

    /// <summary>The statement that sets it for the rest of a transaction. Goes before what it is for, in the same round trip.</summary>
    /// <param name="database">Of the connection.</param>
    public NpgsqlBatchCommand? ToCommand(string database)
    {
        if (isEveryones) return new NpgsqlBatchCommand(BecomeOwner);
        if (tenants is null) return null;
        var command = new NpgsqlBatchCommand(SetTenants);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenants, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = TenantRole.Of(database), NpgsqlDbType = NpgsqlDbType.Text });
        return command;
    }
}
