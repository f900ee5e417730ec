using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// Reads problem details (RFC 9457), of the resource API and of the entity API; anything else that fails becomes UNEXPECTED_ANSWER.
/// </summary>
internal static class ProblemReader
{
    public static Error Read(HttpResponseMessage response, ReadOnlyMemory<byte> body, Uri address)
    {
        var status = (int)response.StatusCode;
        var requestId = response.Headers.TryGetValues("X-Request-Id", out var values) ? values.First() : null;
        var error = Parse(status, body) ?? ClientErrors.Unexpected(address, $"status {status} without an explanation.") with { Kind = ErrorStatus.KindOf(status) };
        return error with { RequestId = error.RequestId ?? requestId, Retryable = error.Retryable || status is 429 or 502 or 503 };
    }

    private static Error? Parse(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object ? FromProblem(status, document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Error? FromProblem(int status, JsonElement problem)
    {
        var detail = Text(problem, "detail") ?? Text(problem, "title");
        var code = Text(problem, "code");
        problem.TryGetProperty("properties", out var properties);
        if (code is null && Text(properties, "errorCode") is { } entityCode)
        {
            code = entityCode;
            if (detail?.StartsWith(code + ": ", StringComparison.Ordinal) == true) detail = detail[(code.Length + 2)..];
        }
        if (code is null || detail is null) return null;
        return new Error(ErrorStatus.KindOf(status), code, detail, Text(problem, "next"))
        {
            RequestId = Text(problem, "requestId"),
            Faults = Faults(problem),
            Retryable = properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty("retryable", out var retryable) && retryable.ValueKind == JsonValueKind.True,
        };
    }

    private static SpecFault[]? Faults(JsonElement problem) =>
        problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
            ? [.. errors.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).Select(e => new SpecFault(Text(e, "field") ?? "", Text(e, "message") ?? ""))]
            : null;

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
