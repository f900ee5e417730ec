using System.Text.Json;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>An answer of an ACME server, read whole and within bounds.</summary>
/// <param name="Address">What was asked.</param>
/// <param name="Location">Only where it can be called: https.</param>
/// <param name="RetryAfter">From now on; 0 or more, at most <see cref="RetryAfterMax"/>. Null where the server did not say.</param>
/// <param name="Nonce">For the next request; null where the answer has none, or one that RFC 8555 section 6.5.1 forbids.</param>
internal sealed record AcmeReply(Uri Address, int Status, byte[] Body, Uri? Location, TimeSpan? RetryAfter, string? Nonce)
{
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromDays(31);
    private const int NonceCharactersMax = 500;

    /// <summary>What the server says went wrong; null for a success, and where it did not say.</summary>
    public AcmeProblem? Problem { get; } =
        Status >= 400 && Object(Address, Body).TryGet(out var json, out _) ? AcmeProblem.Read(json) : null;

    public bool IsBadNonce => Problem?.Type == "badNonce";

    public static AcmeReply Of(Uri address, HttpResponseMessage response, byte[] body, DateTimeOffset now) => new(
        address, (int)response.StatusCode, body,
        response.Headers.Location is { } location && Uri.TryCreate(address, location, out var whole) ? AcmeJson.Usable(whole) : null,
        Pause(response, now),
        response.Headers.TryGetValues("Replay-Nonce", out var nonces) ? nonces.FirstOrDefault(IsNonce) : null);

    /// <summary>The body as a JSON object.</summary>
    public Result<JsonElement> Object() => Object(Address, Body);

    /// <summary>The reply, or the error that it is.</summary>
    public Result<AcmeReply> OnlySuccess() => Status switch
    {
        >= 200 and < 300 => this,
        429 => AcmeErrors.RateLimited(Reason, RetryAfter),
        >= 400 when Problem?.Type == "rateLimited" => AcmeErrors.RateLimited(Reason, RetryAfter),
        >= 400 when Problem?.Type == "userActionRequired" => AcmeErrors.TermsNotAgreed(Problem.Instance),
        >= 400 when Problem is not null => AcmeErrors.Refused("The ACME server refused the request", Problem, Status >= 500 || IsBadNonce),
        >= 500 => AcmeErrors.Unreachable(Address, $"status {Status}"), // a proxy in front of the server, most often
        >= 400 => AcmeErrors.Refused($"The ACME server refused the request with status {Status}", null),
        // A redirect would have to be signed for its target; no server of ACME answers with one.
        _ => AcmeErrors.InvalidAnswer(Address, $"it has status {Status}"),
    };

    private string Reason => Problem?.Text ?? $"it answered with status {Status}.";

    private static Result<JsonElement> Object(Uri address, byte[] body)
    {
        if (!JsonGuard.Check(body).IsOk) return AcmeErrors.InvalidAnswer(address, "it is not JSON");
        using var document = new JsonText(body).Parse();
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement.Clone() : AcmeErrors.InvalidAnswer(address, "it is not a JSON object");
    }

    private static bool IsNonce(string text) =>
        text.Length is > 0 and <= NonceCharactersMax && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static TimeSpan? Pause(HttpResponseMessage response, DateTimeOffset now)
    {
        if (response.Headers.RetryAfter is not { } header || (header.Delta ?? header.Date - now) is not { } pause) return null;
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause > RetryAfterMax ? RetryAfterMax : pause;
    }
}
