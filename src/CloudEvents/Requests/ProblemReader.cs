using System.Text.Json;
using Strata.Core;

namespace Strata.CloudEvents.Requests;

/// <summary>Reads the entity API's problem details back into the error that they tell.</summary>
internal static class ProblemReader
{
    public static Error Read(byte[] body, int status)
    {
        var kind = ErrorStatus.KindOf(status);
        try
        {
            var problem = JsonElement.Parse(body);
            var properties = problem.TryGetProperty("properties", out var found) ? found : default;
            var code = RequestCall.Optional(properties, "errorCode") ?? RequestCall.Optional(problem, "code") ?? "INTERNAL";
            var detail = RequestCall.Optional(problem, "detail") ?? "The request failed.";
            if (detail.StartsWith(code + ": ", StringComparison.Ordinal)) detail = detail[(code.Length + 2)..];
            return new Error(kind, code, detail, RequestCall.Optional(problem, "next")) { Retryable = RequestCall.Optional(properties, "retryable") == "true" };
        }
        catch (JsonException)
        {
            return new Error(kind, "INTERNAL", $"The request failed with {status}.");
        }
    }
}
