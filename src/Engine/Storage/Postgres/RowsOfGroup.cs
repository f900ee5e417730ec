using Npgsql;
using NpgsqlTypes;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// As <see cref="Rows"/>, for a statement that is prepared once and executed for other tenants each time: the command that goes before it.
/// </summary>
internal sealed class RowsOfGroup
{
    private readonly NpgsqlParameter<string> tenants = new() { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = "" };

    /// <param name="database">Of the connection.</param>
    public RowsOfGroup(string database)
    {
        var role = new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = TenantRole.Of(database) };
        Command = new NpgsqlBatchCommand(Rows.SetTenants) { Parameters = { tenants, role } };
    }

    public NpgsqlBatchCommand Command { get; }

    public void Set(IReadOnlyCollection<TenantId> those) => tenants.TypedValue = Rows.Text(those);
}
