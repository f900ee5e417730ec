namespace Strata.Edge;

/// <summary>
/// What the edge itself can answer when it has nothing to pass on: the one catalogue of its errors.
/// </summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable, for programs and metrics.</param>
/// <param name="Title">Short, for people.</param>
/// <param name="Detail">One plain sentence.</param>
internal sealed record EdgeFault(int Status, string Code, string Title, string Detail)
{
    /// <summary>What to do, as a sentence; null where there is nothing.</summary>
    public string? Next { get; init; }

    /// <summary>A command that helps, for the one who runs the deployment; <c>{0}</c> is its name. Null: none.</summary>
    public string? Command { get; init; }

    /// <summary>Whether the connection ends with this answer, because what follows on it cannot be trusted.</summary>
    public bool Closes { get; init; }

    /// <summary>When to come back.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static readonly EdgeFault AmbiguousRequest = new(
        400, "AMBIGUOUS_REQUEST", "Bad request", "The request is ambiguous and was not forwarded.")
    {
        Closes = true,
        Next = "Send either Content-Length or Transfer-Encoding: chunked.",
    };

    public static readonly EdgeFault BadRequest = new(
        400, "BAD_REQUEST", "Bad request", "The request is malformed and was not forwarded.") { Closes = true };

    public static readonly EdgeFault MethodNotSupported = new(
        501, "METHOD_NOT_SUPPORTED", "Not supported", "This edge does not forward CONNECT or TRACE.") { Closes = true };

    public static readonly EdgeFault MethodNotAllowed = new(
        405, "METHOD_NOT_ALLOWED", "Method not allowed", "A static site answers GET and HEAD only.");

    public static readonly EdgeFault Misdirected = new(
        421, "MISDIRECTED_REQUEST", "Misdirected request",
        "The request asks for https on a connection that is not encrypted, or for http on one that is.");

    public static readonly EdgeFault WrongHost = new(
        421, "MISDIRECTED_REQUEST", "Misdirected request", "This connection was opened for another host.");

    public static readonly EdgeFault UnknownHost = new(
        404, "HOST_UNKNOWN", "Nothing is deployed here", "No deployment serves this address.")
    { Next = "To put one here, run this in your project's folder:", Command = "strata deploy" };

    public static readonly EdgeFault AddressNotAllowed = new(
        403, "ADDRESS_NOT_ALLOWED", "Not from here", "This address is served to certain networks only, and yours is none of them.");

    public static readonly EdgeFault SignInNeeded = new(
        401, "SIGN_IN_NEEDED", "Sign in first", "This address is for people who are signed in.") { Next = "Open it in a browser." };

    public static readonly EdgeFault SignInBroken = new(
        400, "SIGN_IN_BROKEN", "That sign-in did not work", "It took too long, was used before, or was begun in another browser.")
    { Next = "Open the address that you wanted again. Your browser must accept cookies of this host." };

    public static readonly EdgeFault SignInUnavailable = new(
        503, "SIGN_IN_UNAVAILABLE", "Not ready yet", "Who you are cannot be checked at the moment.") { RetryAfterSeconds = 5 };

    public static readonly EdgeFault Maintenance = new(
        503, "MAINTENANCE", "Maintenance", "It is back soon.") { RetryAfterSeconds = 60 };

    public static readonly EdgeFault UnknownPath = new(
        404, "PATH_UNKNOWN", "Nothing at this path", "No deployment serves this path of the host.");

    public static readonly EdgeFault UnknownFile = new(404, "PAGE_NOT_FOUND", "Page not found", "This site has no page at this address.");

    public static readonly EdgeFault NoInstance = new(
        503, "NO_INSTANCE", "Not ready yet", "The deployment has no running instance that is ready.") { Command = "strata logs {0}",
        RetryAfterSeconds = 2 };

    public static readonly EdgeFault SiteUnavailable = new(
        503, "SITE_UNAVAILABLE", "Not ready yet",
        "The site's files cannot be fetched right now.") { Command = "strata describe deployment/{0}", RetryAfterSeconds = 2 };

    public static readonly EdgeFault Overloaded = new(
        503, "OVERLOADED", "Too busy", "The deployment has more requests than its instances can take.") { Command =
            "strata scale {0} --replicas N", RetryAfterSeconds = 1 };

    public static readonly EdgeFault TooManyStreams = new(
        503, "STREAMS_EXHAUSTED", "Too busy",
        "The deployment's instances have as many open streams (WebSockets, event streams, gRPC calls) as their route allows.")
    {
        Next = "Try again later. The deployment's owner can add instances, or raise limits.streamsPerInstance of the route.",
        Command = "strata scale {0} --replicas N", RetryAfterSeconds = 5,
    };

    /// <summary>
    /// Nothing of the request was sent. 503 and not 502: an instance that is just starting, as after the machine's restart, is worth
    /// another try.
    /// </summary>
    public static readonly EdgeFault Unreachable = new(
        503, "INSTANCE_UNREACHABLE", "Not ready yet",
        "The deployment's instance does not accept connections.") { Command = "strata logs {0}", RetryAfterSeconds = 2 };

    public static readonly EdgeFault Broken = new(
        502, "ANSWER_BROKEN", "Broken answer", "The deployment's instance closed the connection early or sent an invalid response.")
    {
        Command = "strata logs {0}",
    };

    public static readonly EdgeFault TimedOut = new(
        504, "ANSWER_TIMEOUT", "No answer in time", "The deployment's instance did not answer in time.") { Command = "strata logs {0}" };

    public static readonly EdgeFault TooLarge = new(
        413, "BODY_TOO_LARGE", "Too large", "The request's body is larger than this edge accepts.") { Closes = true };

    public static readonly EdgeFault TooSlow = new(
        408, "REQUEST_TIMEOUT", "Too slow", "The request's body came too slowly.") { Closes = true };

    public static readonly EdgeFault Internal = new(
        500, "INTERNAL", "Something broke", "The edge failed on this request; it has been logged.")
    {
        Next = "Send the request id to the administrator of this cloud.",
    };
}
