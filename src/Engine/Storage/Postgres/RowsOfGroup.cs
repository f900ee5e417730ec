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

    public RowsOfGroup() => Command = new NpgsqlBatchCommand(Rows.SetTenants) { Parameters = { tenants } };

    public NpgsqlBatchCommand Command { get; }

    public void Set(IReadOnlyCollection<TenantId> those) => tenants.TypedValue = Rows.Text(those);
}
