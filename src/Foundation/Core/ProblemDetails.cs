using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// Reads problem details (RFC 9457) back into the error that they describe: those of the resource API, and those of the entity API, whose
/// detail begins with the code.
/// </summary>
public static class ProblemDetails
{
    /// <summary>Null where it is something else.</summary>
    public static Error? Read(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(status, document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Error? Read(int status, JsonElement problem)
    {
        var detail = Text(problem, "detail") ?? Text(problem, "title");
        problem.TryGetProperty("properties", out var properties);
        var code = Text(problem, "code") ?? Text(properties, "errorCode");
        if (code is null || detail is null) return null;
        if (detail.StartsWith(code + ": ", StringComparison.Ordinal)) detail = detail[(code.Length + 2)..]; // the entity API's begins so
        return new Error(ErrorStatus.KindOf(status), code, detail, Text(problem, "next"))
        {
            RequestId = Text(problem, "requestId"),
            Faults = Faults(problem),
            Retryable = properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty("retryable", out var retryable)
                && retryable.ValueKind == JsonValueKind.True,
        };
    }

    private static ValidationError[]? Faults(JsonElement problem) =>
        problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
            ? [.. errors.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object)
                .Select(e => new ValidationError(Text(e, "field") ?? "", Text(e, "message") ?? ""))]
            : null;

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
