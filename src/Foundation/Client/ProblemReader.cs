using Strata.Core;

namespace Strata.Client;

/// <summary>Reads problem details; anything else that fails becomes UNEXPECTED_ANSWER.</summary>
internal static class ProblemReader
{
    public static Error Read(HttpResponseMessage response, ReadOnlyMemory<byte> body, Uri address)
    {
        var status = (int)response.StatusCode;
        var requestId = response.Headers.TryGetValues("X-Request-Id", out var values) ? values.First() : null;
        var error = ProblemDetails.Read(status, body)
            ?? ClientErrors.Unexpected(address, $"status {status} without an explanation.") with { Kind = ErrorStatus.KindOf(status) };
        return error with { RequestId = error.RequestId ?? requestId, Retryable = error.Retryable || status is 429 or 502 or 503 };
    }
}
