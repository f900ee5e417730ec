using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Context;

/// <summary>
/// Signs a person in by their browser (RFC 8628): the command shows a code, and waits until the person has allowed it there.
/// </summary>
internal static class DeviceSignIn
{
    private const string ClientId = "strata-cli";
    private const string Grant = "urn:ietf:params:oauth:grant-type:device_code";
    private const int AnswerBytesMax = 64 * 1024;
    private const int TextLengthMax = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    /// <summary>How often the server may be away, one time after the other or not.</summary>
    private const int AwayMax = 60;

    /// <summary>Where the server names none (RFC 8628, 3.2).</summary>
    private const int IntervalSeconds = 5;
    private const int IntervalSecondsMax = 60;

    /// <summary>How much longer to wait each time that the server asks for it (RFC 8628, 3.5).</summary>
    private static readonly TimeSpan SlowDown = TimeSpan.FromSeconds(5);

    /// <returns>The token; null: the server knows no sign-in by a browser, because it is of an earlier version.</returns>
    /// <exception cref="StrataException">SIGN_IN_REFUSED, SIGN_IN_EXPIRED; UNEXPECTED_ANSWER.</exception>
    public static async Task<string?> RunAsync(Run run, string server, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(server), Timeout = Patience, MaxResponseContentBufferSize = AnswerBytesMax,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd($"strata-cli/{ProgramVersion.Text} ({Environment.MachineName})");
        var (status, asked) = await PostAsync(http, "/api/oauth/device", [("client_id", ClientId)], cancellationToken);
        if (status == 404) return null;
        if (status != 200 || Text(asked, "device_code") is not { } code || Text(asked, "user_code") is not { } shown
            || Text(asked, "verification_uri_complete") is not { } page || !Browser.IsOfTheWeb(page))
            throw Unexpected(server, Text(asked, "error_description")).ToException();
        // Also where --quiet is given: without it the sign-in could not go on.
        run.Terminal.Error.WriteLine(
            $"Open this page in a browser, and check that it shows the code {run.Terminal.OnError(Tone.Strong, shown)}:\n  {page}");
        run.Show("Waiting for you to allow it there… (Ctrl-C gives up)");
        Browser.ShowFor(run, page);
        return await WaitAsync(run, http, server, code, IntervalOf(asked), cancellationToken);
    }

    private const string Again = "Try again: strata login";

    private static TimeSpan IntervalOf(JsonElement? asked) => TimeSpan.FromSeconds(
        asked is { ValueKind: JsonValueKind.Object } answer && answer.TryGetProperty("interval", out var interval)
            && interval.ValueKind == JsonValueKind.Number && interval.TryGetInt32(out var seconds)
                ? Math.Clamp(seconds, 1, IntervalSecondsMax) : IntervalSeconds);

    private static async Task<string> WaitAsync(
        Run run, HttpClient http, string server, string code, TimeSpan interval, CancellationToken cancellationToken)
    {
        for (var away = 0; ;)
        {
            await Task.Delay(interval, run.Terminal.Time, cancellationToken);
            var (status, answer) = await TryPostAsync(
                http, "/api/oauth/token", [("grant_type", Grant), ("client_id", ClientId), ("device_code", code)], cancellationToken);
            if (status == 200 && Text(answer, "access_token") is { } token) return token;
            switch (Text(answer, "error"))
            {
                case "slow_down":
                    interval += SlowDown;
                    break;
                case "authorization_pending" or "temporarily_unavailable":
                    break;
                case "access_denied":
                    throw new Error(ErrorKind.Forbidden, "SIGN_IN_REFUSED", "The sign-in was refused in the browser.", Again)
                        .ToException();
                case "expired_token" or "invalid_grant":
                    throw new Error(ErrorKind.Gone, "SIGN_IN_EXPIRED", "The sign-in was not allowed in time, or has ended.", Again)
                        .ToException();
                case var error:
                    if (status is > 0 and < 500 || ++away > AwayMax) throw Unexpected(server, error).ToException();
                    break; // the server, its database or the network is away for a moment
            }
        }
    }

    /// <returns>A status of 0: nothing answered.</returns>
    private static async Task<(int Status, JsonElement? Answer)> TryPostAsync(
        HttpClient http, string path, (string Name, string Value)[] form, CancellationToken cancellationToken)
    {
        try
        {
            return await PostAsync(http, path, form, cancellationToken);
        }
        catch (StrataException)
        {
            return (0, null);
        }
    }

    private static async Task<(int Status, JsonElement? Answer)> PostAsync(
        HttpClient http, string path, (string Name, string Value)[] form, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
            using var answer = await http.PostAsync(path, content, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return ((int)answer.StatusCode, Parse(text));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new Error(
                ErrorKind.Unavailable, ClientErrors.ServerUnreachable, $"No Strata server answers at {http.BaseAddress}: {e.Message}.",
                "Check the address.").ToException();
        }
    }

    private static JsonElement? Parse(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What is printed in a line of its own: of a server that is not one, it could be anything.</summary>
    private static string? Text(JsonElement? json, string name) =>
        json is { ValueKind: JsonValueKind.Object } found && found.Text(name) is { Length: > 0 and <= 16_384 } text
            && !text.Any(char.IsControl) && (name.EndsWith("_code", StringComparison.Ordinal) || name == "access_token"
                || text.Length <= TextLengthMax) ? text : null;

    private static Error Unexpected(string server, string? why) => new(
        ErrorKind.Unavailable, ClientErrors.UnexpectedAnswer,
        why is null ? $"No Strata API answers at {server}." : $"{server} does not let this command sign in: {why}",
        "Check the address, or sign in with a token: strata login URL --with-token");
}
