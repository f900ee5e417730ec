using System.Text.Json;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search.Jobs;

/// <summary>Writes the status of asynchronous searches, in the API contract's terms.</summary>
internal static class SearchJobWriter
{
    public static string Name(SearchJobStatus status) => status.ToString().ToUpperInvariant();

    /// <param name="asSnapshot">Also under the name that the oldest clients look for.</param>
    public static void WriteStatus(Utf8JsonWriter json, SearchJob job, DateTimeOffset now, bool asSnapshot = false)
    {
        json.WriteStartObject();
        if (asSnapshot) json.WriteString("snapshotStatus", Name(job.Status));
        json.WriteString("searchJobStatus", Name(job.Status));
        json.WriteString("createTime", job.CreatedAt.UtcDateTime);
        json.WriteNumber("entitiesCount", job.Found);
        json.WriteNumber("calculationTimeMillis", Math.Max(0, (long)((job.FinishedAt ?? now) - job.CreatedAt).TotalMilliseconds));
        if (job.FinishedAt is { } finished) json.WriteString("finishTime", finished.UtcDateTime);
        json.WriteString("expirationDate", job.ExpiresAt.UtcDateTime);
        if (job.Message is not null) json.WriteString("message", job.Message);
        json.WriteEndObject();
    }

    public static void WriteCancelled(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("isCancelled", true);
        json.WriteBoolean("cancelled", true);
        json.WriteString("currentSearchJobStatus", Name(SearchJobStatus.Cancelled));
        json.WriteEndObject();
    }

    public static void WritePage(Utf8JsonWriter json, SearchJob job, int size, int number)
    {
        json.WriteStartObject("page");
        json.WriteNumber("number", number);
        json.WriteNumber("size", size);
        json.WriteNumber("totalElements", job.Found);
        json.WriteNumber("totalPages", (job.Found + size - 1) / size);
        json.WriteEndObject();
    }
}
