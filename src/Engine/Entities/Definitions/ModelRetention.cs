using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Definitions;

/// <summary>
/// How long a model's superseded revisions are kept, and what has been dropped of them. It is part of the model's document, so that the
/// model's history records every run.
/// </summary>
/// <param name="KeepSupersededDays">Null: there is no rule, and nothing more is dropped.</param>
public sealed record ModelRetention(int? KeepSupersededDays)
{
    public const int DaysMin = 1;
    public const int DaysMax = 36_500;

    private const string DaysName = "keepSupersededDays";

    /// <summary>Reads as of an earlier time may lack what was; null: nothing was ever dropped. Never goes back.</summary>
    public DateTimeOffset? DroppedBefore { get; init; }

    /// <summary>Revisions dropped since the model was made.</summary>
    public long DroppedRevisions { get; init; }

    /// <summary>When the last run that dropped some ended.</summary>
    public DateTimeOffset? DroppedAt { get; init; }

    /// <summary>The rule of a stored model, without reading the rest of it; null where it has none.</summary>
    public static int? DaysOf(EntityRevision model)
    {
        using var json = model.Document.Parse();
        return Read(json.RootElement)?.KeepSupersededDays;
    }

    /// <summary>Which model a stored model is.</summary>
    public static ModelKey KeyOf(EntityRevision model)
    {
        using var json = model.Document.Parse();
        return new ModelKey(json.RootElement.GetProperty("name").GetString()!, json.RootElement.GetProperty("version").GetInt32());
    }

    /// <summary>Writes its members into an object that is open.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        if (KeepSupersededDays is { } days) json.WriteNumber(DaysName, days);
        if (DroppedBefore is { } before) json.WriteString("droppedBefore", before.UtcDateTime);
        if (DroppedRevisions > 0) json.WriteNumber("droppedRevisions", DroppedRevisions);
        if (DroppedAt is { } at) json.WriteString("droppedAt", at.UtcDateTime);
    }

    internal static ModelRetention? Read(JsonElement model)
    {
        if (!model.TryFind("retention", out var json)) return null;
        return new ModelRetention(json.TryFind(DaysName, out var days) ? days.GetInt32() : null)
        {
            DroppedBefore = TimeOf(json, "droppedBefore"),
            DroppedRevisions = json.TryFind("droppedRevisions", out var dropped) ? dropped.GetInt64() : 0,
            DroppedAt = TimeOf(json, "droppedAt"),
        };
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("retention");
        WriteMembers(json);
        json.WriteEndObject();
    }

    /// <summary>Reads {keepSupersededDays}.</summary>
    internal static Result<int> ReadRule(JsonText body)
    {
        using var json = body.Parse();
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.EnumerateObject().Count() == 1
            && json.RootElement.TryGetProperty(DaysName, out var days)
            && days.ValueKind == JsonValueKind.Number && days.TryGetInt32(out var number) && number is >= DaysMin and <= DaysMax
            ? number
            : ModelErrors.BadRetention();
    }

    private static DateTimeOffset? TimeOf(JsonElement json, string name) => json.TryFind(name, out var time)
        ? time.GetDateTimeOffset() : null;
}
