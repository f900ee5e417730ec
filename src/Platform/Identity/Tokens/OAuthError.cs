using Microsoft.AspNetCore.Http;
using Strata.Api.Http;

namespace Strata.Identity.Tokens;

/// <summary>What the token endpoint answers when it gives none (RFC 6749, 5.2); its own shape, as every OAuth client expects.</summary>
/// <param name="Code">Of the standard.</param>
internal sealed record OAuthError(int Status, string Code, string Description)
{
    public static readonly OAuthError NoForm = new(
        400, "invalid_request", "Send grant_type and what goes with it as application/x-www-form-urlencoded, each once.");
    public static readonly OAuthError NoClient = new(
        401, "invalid_client", "The client is not known, or its secret is wrong. Send both by HTTP Basic; one with public keys sends an "
            + "assertion (private_key_jwt).");
    public static readonly OAuthError OneWay = new(
        400, "invalid_request", "Prove who the client is in one way: HTTP Basic, client_secret or client_assertion.");
    public static readonly OAuthError NoAssertionType = new(
        400, "invalid_request", $"A client_assertion needs the client_assertion_type {ClientAssertions.Type}.");
    public static readonly OAuthError BadAssertion = new(
        401, "invalid_client", "The client assertion is not valid: iss and sub are the client's id, aud is the issuer or this endpoint alone, exp is five "
            + "minutes ahead at most, and one of the client's public keys verifies it.");
    public static readonly OAuthError NoAssertionId = new(
        401, "invalid_client", "The client assertion needs a jti of at most 200 characters.");
    public static readonly OAuthError UsedAssertion = new(
        401, "invalid_client", "The client assertion was used before: make another one, with a jti of its own, for each request.");
    public static readonly OAuthError TooManyAssertions = new(
        429, "invalid_client", "The clients of this organization send too many assertions. An access token lasts for an hour: keep it.");
    public static readonly OAuthError NoToken = new(400, "invalid_request", "Send the token as the form field token.");
    public static readonly OAuthError TooManyGuesses = new(429, "invalid_client", "Too many wrong secrets or assertions. Wait a minute.");
    public static readonly OAuthError NoSubject = new(
        400, "invalid_request", "subject_token and subject_token_type are required for a token exchange.");
    public static readonly OAuthError SubjectType = new(
        400, "invalid_request", "subject_token_type must be urn:ietf:params:oauth:token-type:jwt or :access_token.");
    public static readonly OAuthError BadSubject = new(
        400, "invalid_grant", "The subject token is not valid here: its signer must be trusted by the client's own organization.");
    public static readonly OAuthError ProviderUnavailable = new(
        503, "temporarily_unavailable",
            "The OIDC provider of the subject token does not return its keys at the moment. Try again in a few seconds.");

    public static OAuthError Grant(string? sent) =>
        sent is null
            ? NoForm : new(
                400, "unsupported_grant_type", "grant_type must be client_credentials or urn:ietf:params:oauth:grant-type:token-exchange.");

    public async Task WriteAsync(HttpContext http)
    {
        if (Status == 401) http.Response.Headers.WWWAuthenticate = "Basic realm=\"strata\"";
        if (Status == 429) http.Response.Headers.RetryAfter = "60";
        if (Status == 503) http.Response.Headers.RetryAfter = "5";
        await Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("error", Code);
            json.WriteString("error_description", Description);
            json.WriteEndObject();
        }, Status).ExecuteAsync(http);
    }
}
