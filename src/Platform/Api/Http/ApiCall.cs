using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using Strata.Api.Auth;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Engine;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Api.Http;

/// <summary>
/// One request as a handler sees it: the caller, and readers of its parts that report what is wrong with them. Lives as long as the
/// request.
/// </summary>
public sealed class ApiCall(HttpContext http)
{
    public const string AnyRevision = "*";

    private const int RoomMin = 1024;
    private const int RoomMax = 64 * 1024;

    public HttpContext Http => http;

    public Principal Principal { get; private set; } = http.GetPrincipal();

    /// <summary>The caller as one of a project, once the resource has shown which, see <see cref="Principal.InProject"/>.</summary>
    internal void Narrow(string project) => Principal = Principal.InProject(project);

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>The caller as the engine knows it, with the request's Idempotency-Key once <see cref="Idempotency"/> has read it.</summary>
    public Caller Caller => Principal.Caller with { Request = Request };

    /// <summary>
    /// The lease under which an agent writes (header <c>Strata-Fence: node/NAME EPOCH</c>); null: under none. It can only deny a write, so
    /// any caller may send it; a value that is not a node's lease counts as one that is not held.
    /// </summary>
    public Fence? Fence
    {
        get
        {
            var sent = http.Request.Headers["Strata-Fence"];
            if (sent.Count == 0) return null;
            return sent is [{ } text] && text.StartsWith("node/", StringComparison.Ordinal) && text.Split(' ') is [var lease, var number]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                ? new Fence(lease, epoch) : new Fence("", 0);
        }
    }

    /// <summary>Set for a write that carries an Idempotency-Key.</summary>
    public RequestKey? Request { get; internal set; }

    public string Route(string name) => http.Request.RouteValues[name] as string ?? "";

    /// <summary>
    /// One query parameter; null where it is absent. Given twice, empty or with text that cannot be stored: INVALID_QUERY.
    /// </summary>
    public Result<string?> Query(string name)
    {
        if (!http.Request.Query.TryGetValue(name, out var values)) return (string?)null;
        if (values.Count != 1) return ApiErrors.Query(name, "is given more than once.", $"Give {name} once.");
        var value = values[0] ?? "";
        if (value.Length == 0) return ApiErrors.Query(name, "is empty.", $"Give {name} a value, or leave it out.");
        return IsPlainText(value) ? value : ApiErrors.Query(
            name, "holds text that is not valid.", $"Send {name} as text in UTF-8, percent-encoded and without NUL.");
    }

    public Result<int> QueryInt(string name, int fallback, int min, int max)
    {
        if (!Query(name).TryGet(out var text, out var error)) return error;
        if (text is null) return fallback;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min
            && value <= max
            ? value
            : ApiErrors.QueryValue(name, $"a whole number from {min} to {max}");
    }

    public Result<bool> QueryFlag(string name)
    {
        if (!Query(name).TryGet(out var text, out var error)) return error;
        return text switch
        {
            null or "false" => false,
            "true" => true,
            _ => ApiErrors.QueryValue(name, "true or false"),
        };
    }

    /// <summary>A time in RFC 3339; null where it is absent.</summary>
    public Result<DateTimeOffset?> QueryTime(string name)
    {
        if (!Query(name).TryGet(out var text, out var error)) return error;
        if (text is null) return (DateTimeOffset?)null;
        return Rfc3339.TryParse(text, out var time)
            ? time : ApiErrors.QueryValue(name, "a time such as 2026-01-31T12:00:00Z (RFC 3339; write + as %2B)");
    }

    public Result<AsOf> QueryAt(string name = "at")
    {
        if (!QueryTime(name).TryGet(out var time, out var error)) return error;
        return time is { } at ? AsOf.At(at) : AsOf.Latest;
    }

    /// <summary>If-Match as an unquoted entity tag; null where it is absent or <c>*</c>.</summary>
    public Result<string?> IfMatch()
    {
        var sent = http.Request.Headers.IfMatch;
        if (sent.Count == 0 || sent is [AnyRevision]) return (string?)null;
        if (sent is not [{ } text] || !EntityTagHeaderValue.TryParse(text, out var tag) || tag.IsWeak)
            return ApiErrors.HeaderValue("If-Match", "one strong entity tag, as the ETag of an answer was, or *");
        return tag.Tag.ToString().Trim('"');
    }

    /// <summary>If-Match as the revision of a resource; null: any.</summary>
    public Result<Revision?> IfMatchRevision()
    {
        if (!IfMatch().TryGet(out var tag, out var error)) return error;
        if (tag is null) return (Revision?)null;
        return long.TryParse(tag, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) && revision > 0
            ? new Revision(revision)
            : ApiErrors.HeaderValue("If-Match", "the ETag of an answer, which is a revision in quotes, or *");
    }

    /// <summary>The body as JSON that may be stored; BODY_REQUIRED without a body.</summary>
    public async ValueTask<Result<JsonText>> ReadJsonAsync(int bytesMax, params string[] mediaTypes)
    {
        if (!(await ReadBodyAsync(bytesMax, mediaTypes)).TryGet(out var body, out var error)) return error;
        return body.IsEmpty ? ApiErrors.BodyRequired : JsonGuard.Check(body);
    }

    /// <summary>As <see cref="ReadJsonAsync"/>, read into a type without forgiving anything; every fault names its field.</summary>
    public async ValueTask<Result<JsonDocument>> ReadObjectAsync(int bytesMax, params string[] mediaTypes)
    {
        if (!(await ReadJsonAsync(bytesMax, mediaTypes)).TryGet(out var json, out var error)) return error;
        var document = json.Parse();
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        return ApiErrors.Body("a JSON object");
    }

    /// <summary>The body's bytes, empty without a body; the media type is checked only if there is a body.</summary>
    public async ValueTask<Result<ReadOnlyMemory<byte>>> ReadBodyAsync(int bytesMax, params string[] mediaTypes)
    {
        var request = http.Request;
        if (request.ContentLength > bytesMax) return ApiErrors.TooLarge(bytesMax);
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }) return ReadOnlyMemory<byte>.Empty;
        if (request.Headers.ContentEncoding.Count > 0) return ApiErrors.EncodedBody;
        var body = await ReadAtMostAsync(request.Body, bytesMax + 1, request.ContentLength);
        if (body.Length > bytesMax) return ApiErrors.TooLarge(bytesMax);
        if (body.IsEmpty || IsOneOf(request.ContentType, mediaTypes)) return body;
        return ApiErrors.MediaType(request.ContentType, string.Join(" or ", mediaTypes));
    }

    /// <summary>
    /// Room grows with what comes, and not with what is announced: otherwise a hundred idle connections could take a gigabyte.
    /// </summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadAtMostAsync(Stream body, int bytesMax, long? expected)
    {
        var buffer = new byte[(int)Math.Min(expected ?? RoomMin, RoomMax)];
        var length = 0;
        ShareLease? held = null;
        while (length < bytesMax && length != expected)
        {
            if (length == buffer.Length && length >= RoomMax) held = Hold(held, (int)Math.Min(bytesMax, (long)length * 2));
            if (length == buffer.Length) Array.Resize(ref buffer, (int)Math.Min(bytesMax, (long)length * 2));
            var read = await body.ReadAsync(buffer.AsMemory(length), Aborted);
            if (read == 0) break;
            length += read;
        }
        return buffer.AsMemory(0, length);
    }

    /// <summary>
    /// A large body counts against the memory for answers and bodies until the request is over; SERVER_BUSY if none is left.
    /// </summary>
    private ShareLease Hold(ShareLease? held, int bytes)
    {
        if (held is not null)
        {
            held.Charge(bytes - held.Amount);
            return held;
        }
        var lease = http.RequestServices.GetRequiredService<AnswerMemory>().TryReserve(Principal.Tenant, bytes).Value;
        http.Response.RegisterForDispose(lease);
        return lease;
    }

    private static bool IsOneOf(string? contentType, string[] mediaTypes) =>
        mediaTypes.Contains(contentType)
        || MediaTypeHeaderValue.TryParse(contentType, out var type)
        && mediaTypes.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// What URL decoding may let in and a store refuses: NUL, lone surrogates, and the replacement character for bytes that are not valid
    /// UTF-8.
    /// </summary>
    private static bool IsPlainText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '\0' or '\uFFFD') return false;
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(c)) return false;
        }
        return true;
    }
}
