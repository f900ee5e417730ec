using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;

namespace Strata.EntityApi.Feed;

/// <summary>One change as followers and webhooks get it.</summary>
internal static class ChangeWriter
{
    /// <param name="withData">False: the entity without its data, which is too large to be sent.</param>
    public static void WriteMembers(Utf8JsonWriter json, EntityRevision change, bool withData = true)
    {
        json.WriteNumber("revision", change.Revision.Value);
        json.WriteString("changeType", change.Deleted ? "DELETE" : change.CreatedAt == change.ChangedAt ? "CREATE" : "UPDATE");
        json.WriteString("timeOfChange", change.ChangedAt.UtcDateTime);
        json.WriteString("user", change.ChangedBy);
        json.WriteString("transactionId", change.Commit.Value);
        if (!withData) json.WriteBoolean("dataOmitted", true);
        json.WritePropertyName("entity");
        EntityWriter.WriteEnvelope(json, withData ? change : change with { Document = JsonText.EmptyObject });
    }
}
