using Npgsql;
using NpgsqlTypes;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Whose rows a statement sees and writes. PostgreSQL holds it to that by row-level security, whatever its text says; see
/// docs/decisions/059-row-level-security.md. The default is nobody's.
/// </summary>
internal readonly record struct Rows
{
    internal const string SetTenants = "select set_config('strata.tenants', $1, true)";

    // The connection's own user, who owns the tables and whom their policies do not bind; until the end of the transaction.
    private const string BecomeOwner = "select set_config('role', 'none', true)";

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
    public NpgsqlBatchCommand? ToCommand()
    {
        if (isEveryones) return new NpgsqlBatchCommand(BecomeOwner);
        if (tenants is null) return null;
        var command = new NpgsqlBatchCommand(SetTenants);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenants, NpgsqlDbType = NpgsqlDbType.Text });
        return command;
    }

    /// <summary>Sets it for the rest of the transaction that is open on a connection.</summary>
    public async Task ApplyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (ToCommand() is not { } command) return;
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
