using System.Text.Json;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Workflows;

namespace Strata.Compute.Dispatch;

/// <summary>Reads when a scheduled transition is to fire: <c>{fireAt | fireAfterMs, expireAt? | expireAfterMs?}</c>.</summary>
internal static class ScheduleResult
{
    private const string Kind = "Schedule";
    private const long MillisecondsMax = 3_155_760_000_000; // a hundred years

    public static Result<ScheduleTimes> Read(string name, MemberAnswer answer, DateTimeOffset now)
    {
        if (answer.ResultKind is { } kind && kind != Kind) return ComputeErrors.NoSchedule(name, $"its resultKind is \"{kind}\".");
        if (answer.Result is not { } text) return ComputeErrors.NoSchedule(name, "it has no result.");
        using var document = text.Parse();
        var result = document.RootElement;
        if (result.ValueKind != JsonValueKind.Object) return ComputeErrors.NoSchedule(name, "its result is not an object.");
        if (TimeOf(result, "fireAt", "fireAfterMs", now) is not { } fireAt)
            return ComputeErrors.NoSchedule(name, "it has neither fireAt nor fireAfterMs that can be read.");
        var isBounded = result.TryGetProperty("expireAt", out var at) && at.ValueKind != JsonValueKind.Null
            || result.TryGetProperty("expireAfterMs", out var after) && after.ValueKind != JsonValueKind.Null;
        if (!isBounded) return new ScheduleTimes(fireAt, null);
        return TimeOf(result, "expireAt", "expireAfterMs", fireAt) is { } expireAt
            ? new ScheduleTimes(fireAt, expireAt) : ComputeErrors.NoSchedule(name, "its expireAt or expireAfterMs cannot be read.");
    }

    private static DateTimeOffset? TimeOf(JsonElement result, string absolute, string relative, DateTimeOffset from)
    {
        if (result.TryGetProperty(absolute, out var text) && text.ValueKind == JsonValueKind.String)
            return Rfc3339.TryParse(text.GetString()!, out var time) ? time : null;
        if (result.TryGetProperty(relative, out var number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt64(out var milliseconds) && milliseconds is >= 0 and <= MillisecondsMax)
            return from + TimeSpan.FromMilliseconds(milliseconds);
        return null;
    }
}
